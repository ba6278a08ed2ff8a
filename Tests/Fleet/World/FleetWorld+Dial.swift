/// The second part of a connection's life, in the steps of the worker (Sources/Fanout/Worker/Dial.swift, Spare.swift).
extension FleetWorld {
    /// Seconds that the network takes to answer a connect: never less than the first, and the second more on average.
    private static var shortestTrip: Double { 0.000_2 }
    private static var furtherTrip: Double { 0.000_1 }

    func dial(_ place: Int) {
        guard now < connections[place].accepted + Self.connectBudget else { return giveUp(place) }
        guard let attempt = openAttempt(place) else {
            // While there is still the spare, that decides.
            guard connections[place].spare == nil else { return }
            connections[place].tried = TriedEndpoints()
            queue.add(Event(at: now + Self.retryPause, kind: .retry, subject: place))
            return
        }
        connections[place].main = attempt
        start(attempt, place, mayHedge: true)
    }

    /// Chooses an endpoint that the connection has not tried and is not trying, and counts on it.
    private func openAttempt(_ place: Int) -> Connection.Attempt? {
        let connection = connections[place]
        var tried = connection.tried
        if let other = connection.spare { tried.insert(other.slot) }
        if let main = connection.main { tried.insert(main.slot) }
        let sidecar = sidecars[connection.sidecar]
        guard let choice = sidecar.choose(excluding: tried) else { return nil }
        sidecar.loads.increment(worker: 0, slot: choice.slot)
        sites[choice.site].load += 1
        outcome.noteChoice(connection.sidecar, choice.site)
        attempts &+= 1
        return Connection.Attempt(number: attempts, slot: choice.slot, site: choice.site, began: now)
    }

    private func start(_ attempt: Connection.Attempt, _ place: Int, mayHedge: Bool) {
        let trip = UInt64(Self.shortestTrip * 1e9) + drawn(seconds: Self.furtherTrip)
        var answer = now + trip
        switch sites[attempt.site].behaviour {
        case .healthy, .slow, .closing:
            queue.add(Event(at: answer, kind: .accepted, subject: place, attempt: attempt.number))
        case .refusing, .absent:
            queue.add(Event(at: answer, kind: .refused, subject: place, attempt: attempt.number))
        case .silent:
            let budgetEnd = connections[place].accepted + Self.connectBudget
            answer = min(now + Self.connectTimeout, budgetEnd)
            queue.add(Event(at: answer, kind: .attemptExpired, subject: place, attempt: attempt.number))
        }
        let spareAt = now + sidecars[connections[place].sidecar].connectTimes.spareDelay
        if mayHedge, spareAt < answer {
            queue.add(Event(at: spareAt, kind: .spareDue, subject: place, attempt: attempt.number))
        }
    }

    // MARK: Spares

    func spareDue(_ place: Int, _ number: UInt32) {
        if connections[place].main?.number == number { startSpare(place) }
    }

    private func startSpare(_ place: Int) {
        guard connections[place].spare == nil, let attempt = openAttempt(place) else { return }
        window.hedges += 1
        connections[place].isTroubled = true
        connections[place].spare = attempt
        start(attempt, place, mayHedge: false)
    }

    // MARK: Answers

    func accepted(_ place: Int, _ number: UInt32) {
        if let spare = connections[place].spare, spare.number == number {
            if let main = connections[place].main {
                window.failedTries += 1
                note(.overtaken, connections[place].sidecar, slot: main.slot)
                leave(main, place)
            }
            connections[place].main = spare
            connections[place].spare = nil
            connected(place, spare)
        } else if let main = connections[place].main, main.number == number {
            if let spare = connections[place].spare {
                leave(spare, place)
                connections[place].spare = nil
            }
            connected(place, main)
        }
    }

    private func connected(_ place: Int, _ attempt: Connection.Attempt) {
        let connection = connections[place]
        sidecars[connection.sidecar].connectTimes.add(microseconds: UInt32((now - attempt.began) / 1_000))
        note(.connected, connection.sidecar, slot: attempt.slot)
        sites[attempt.site].begun += 1
        served(place, added: attempt.began - connection.accepted)
        switch sites[attempt.site].behaviour {
        case .healthy, .absent, .refusing, .silent:
            queue.add(Event(at: now + drawn(seconds: settings.hold), kind: .finished, subject: place))
        case .slow:
            let hold = drawn(seconds: settings.hold * Behaviour.slowness)
            queue.add(Event(at: now + hold, kind: .finished, subject: place))
        case .closing:
            let trip = UInt64(Self.shortestTrip * 1e9)
            queue.add(Event(at: now + trip, kind: .closedAtOnce, subject: place))
        }
    }

    func failed(_ place: Int, _ number: UInt32, _ why: Outcome) {
        let connection = connections[place]
        let isSpare = connection.spare?.number == number
        guard isSpare || connection.main?.number == number,
            let attempt = isSpare ? connection.spare : connection.main
        else { return }
        window.failedTries += 1
        connections[place].isTroubled = true
        // At the end of the budget an attempt may have had a moment only.
        if why != .timedOut || now < connection.accepted + Self.connectBudget {
            note(why, connection.sidecar, slot: attempt.slot)
        }
        connections[place].tried.insert(attempt.slot)
        leave(attempt, place)
        if isSpare {
            connections[place].spare = nil
            if connection.main != nil { startSpare(place) } else { dial(place) }
        } else {
            connections[place].main = nil
            if connections[place].tried.isFull, connection.spare == nil {
                connections[place].tried = TriedEndpoints()
                queue.add(Event(at: now + Self.retryPause, kind: .retry, subject: place))
            } else {
                dial(place)
            }
        }
    }

    // MARK: Ends

    func finish(_ place: Int) {
        if let main = connections[place].main { leave(main, place) }
        connections[place].main = nil
        freeConnections.append(place)
    }

    func closedAtOnce(_ place: Int) {
        if let main = connections[place].main { note(.closedEarly, connections[place].sidecar, slot: main.slot) }
        window.errors += 1
        if !connections[place].isTroubled { window.troubled += 1 }
        finish(place)
    }

    private func giveUp(_ place: Int) {
        window.connections += 1
        window.errors += 1
        window.troubled += 1
        if let spare = connections[place].spare { leave(spare, place) }
        connections[place].spare = nil
        finish(place)
    }

    private func served(_ place: Int, added: UInt64) {
        window.connections += 1
        window.added += Double(added) / 1e6
        if connections[place].isTroubled { window.troubled += 1 }
        if added > 0 { outcome.noteAdded(added) }
    }

    private func leave(_ attempt: Connection.Attempt, _ place: Int) {
        sidecars[connections[place].sidecar].loads.decrement(worker: 0, slot: attempt.slot)
        sites[attempt.site].load -= 1
    }
}
