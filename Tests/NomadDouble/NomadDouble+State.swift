import NIOCore

extension NomadDouble {
    /// All registrations, by namespace, service and ID.
    public var registrations: [Registration] { state.withLockedValue { $0.table.registrations } }

    /// The index an answer would carry now.
    public var index: UInt64 { state.withLockedValue { $0.table.replyIndex } }

    public var raftIndex: UInt64 { state.withLockedValue { $0.table.raftIndex } }

    /// Registers in one Raft entry; rows of equal content change nothing. Answers whether anything changed.
    @discardableResult
    public func upsert(_ registrations: [Registration]) -> Bool {
        change { $0.upsert(registrations) }
    }

    /// Registers one row; equal content changes nothing.
    @discardableResult
    public func upsert(_ registration: Registration) -> Bool { upsert([registration]) }

    /// Removes rows in one Raft entry; answers whether any was there.
    @discardableResult
    public func delete(ids: [String], namespace: String = "default") -> Bool {
        change { $0.delete(ids: ids, namespace: namespace) }
    }

    @discardableResult
    public func delete(id: String, namespace: String = "default") -> Bool { delete(ids: [id], namespace: namespace) }

    /// Removes every row of a service in one Raft entry.
    @discardableResult
    public func delete(service: String, namespace: String = "default") -> Bool {
        let key = ServiceKey(namespace: namespace, name: service)
        return change { $0.delete(ids: $0.rows(of: key).map(\.registration.id), namespace: namespace) }
    }

    /// Writes to other tables: the Raft index moves, no query wakes.
    public func writeElsewhere(times: Int = 1) {
        state.withLockedValue { state in
            for _ in 0..<times { state.table.writeElsewhere() }
        }
    }

    public func snapshot() -> RegistrationSnapshot { state.withLockedValue { $0.table.snapshot } }

    /// Replaces the whole state, as `operator snapshot restore` does; rows and indexes may all go down.
    ///
    /// Parked queries run again on the new state and stay parked if its index is not above theirs.
    public func restore(_ snapshot: RegistrationSnapshot) {
        let table = RegistrationTable(snapshot)
        resume(
            state.withLockedValue { state in
                state.table = table
                return state.wakeAll()
            }
        )
    }

    /// Sets the Raft index and the table's, upwards or downwards, and leaves the rows.
    public func setIndex(_ index: UInt64) {
        resume(
            state.withLockedValue { state in
                state.table.setIndexes(to: index)
                return state.wakeAll()
            }
        )
    }

    /// Whether the servers have a leader.
    ///
    /// Without one stale reads are answered and say so, other reads fail after five Nomad seconds, and blocking ones
    /// hang until a leader is back, which is what a client agent makes of it.
    public var hasLeader: Bool {
        get { state.withLockedValue { $0.leaderlessSince == nil } }
        set {
            resume(
                state.withLockedValue { state in
                    state.leaderlessSince = newValue ? nil : state.leaderlessSince ?? .now()
                    // Their wait may have passed meanwhile, which only they know.
                    return newValue ? state.takeAll() : []
                }
            )
        }
    }

    /// Whether stale reads see the state of the moment when this was set, with its smaller index.
    public var isFollowerLagging: Bool {
        get { state.withLockedValue { $0.follower != nil } }
        set {
            resume(
                state.withLockedValue { state in
                    state.follower = newValue ? state.follower ?? state.table : nil
                    state.laggingSince = newValue ? state.laggingSince ?? .now() : nil
                    return state.wakeAll()
                }
            )
        }
    }

    private func change(_ write: (inout RegistrationTable) -> [RegistrationTable.Change]) -> Bool {
        let (isChanged, woken) = state.withLockedValue { state in
            let changes = write(&state.table)
            return (!changes.isEmpty, state.wake(changes))
        }
        resume(woken)
        return isChanged
    }
}
