import Glibc
import Reactor
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func joinWaitsForTheEndOfTheBody() throws {
        let done = Locked(false)
        let mayEnd = try Wakeup()
        let thread = try Thread(name: "waits") {
            waitForSignal(of: mayEnd)
            done.with { $0 = true }
        }
        #expect(!done.with { $0 })
        mayEnd.signal()
        thread.join()
        #expect(done.with { $0 })
    }

    @Test func theNameIsCutToWhatTheKernelKeeps() throws {
        let names = Locked<[String]>([])
        for name in ["worker-0", "a-name-longer-than-fifteen-bytes", ""] {
            let thread = try Thread(name: name) {
                guard let name = nameOfThisThread() else { return }
                names.with { $0.append(name) }
            }
            thread.join()
        }
        #expect(names.with { $0 } == ["worker-0", "a-name-longer-t", ""])
    }

    @Test func manyThreadsRunAtOnce() throws {
        let arrived = Atomic<Int>(0)
        var ends: [Wakeup] = []
        for index in 0..<20 {
            let end = try Wakeup()
            ends.append(end)
            _ = try Thread(name: "thread-\(index)") {
                arrived.add(1, ordering: .relaxed)
                // Nobody gets past this until all have come.
                while arrived.load(ordering: .relaxed) < 20 { sched_yield() }
                end.signal()
            }
        }
        for end in ends { waitForSignal(of: end) }
        #expect(arrived.load(ordering: .relaxed) == 20)
    }
}

@Suite struct LockedTests {
    @Test func oneAtATime() throws {
        let counter = Locked((sum: 0, inside: 0, most: 0))
        var ends: [Wakeup] = []
        for index in 0..<4 {
            let end = try Wakeup()
            ends.append(end)
            _ = try Thread(name: "adds-\(index)") {
                for _ in 0..<5_000 {
                    counter.with {
                        $0.inside += 1
                        $0.most = max($0.most, $0.inside)
                        $0.sum += 1
                        $0.inside -= 1
                    }
                }
                end.signal()
            }
        }
        for end in ends { waitForSignal(of: end) }
        #expect(counter.with { $0.sum } == 20_000)
        #expect(counter.with { $0.most } == 1)
    }

    @Test func anErrorPassesThroughAndLeavesTheLockFree() {
        let value = Locked(1)
        #expect(throws: TimedOut.self) {
            try value.with {
                $0 = 2
                throw TimedOut(condition: "none")
            }
        }
        #expect(value.with { $0 } == 2)
    }
}

@Suite struct WakeupTests {
    @Test func manySignalsAreOne() throws {
        let wakeup = try Wakeup()
        #expect(!isSignalled(wakeup))
        for _ in 0..<1_000 { wakeup.signal() }
        #expect(isSignalled(wakeup))
        wakeup.clear()
        #expect(!isSignalled(wakeup))
        // Nothing to forget: must not block.
        wakeup.clear()
        wakeup.signal()
        #expect(isSignalled(wakeup))
    }

    @Test func aSignalFromAnotherThreadArrives() throws {
        let wakeup = try Wakeup()
        let thread = try Thread(name: "signals") { wakeup.signal() }
        waitForSignal(of: wakeup)
        thread.join()
        #expect(isSignalled(wakeup))
    }
}

private func isSignalled(_ wakeup: Wakeup) -> Bool {
    var entry = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) == 1
}

/// Sleeps until the signal is there, and leaves it there.
private func waitForSignal(of wakeup: Wakeup) {
    var entry = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
    #expect(unsafe poll(&entry, 1, Patience.milliseconds) == 1)
}
