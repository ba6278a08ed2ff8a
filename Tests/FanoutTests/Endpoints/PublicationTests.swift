import Glibc
import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct PublicationTests {
    /// A snapshot in which everything tells its version: as many rows as that allows, and each field of each row.
    private static func snapshot(_ version: UInt64) -> EndpointSnapshot {
        let rows = (0..<Int(version % 7 + 1)).map { row in
            EndpointSnapshot.Row(
                slot: UInt32(truncatingIfNeeded: version) &+ UInt32(row),
                address: Endpoint.numbered(Int(version) + row).address,
                identity: version &* 100 &+ UInt64(row)
            )
        }
        return EndpointSnapshot(version: version, services: [rows])
    }

    /// Whether every part belongs to one version.
    private static func isConsistent(_ snapshot: EndpointSnapshot) -> Bool {
        let version = snapshot.version
        let rows = snapshot.rows(of: 0)
        guard rows.count == Int(version % 7 + 1) else { return false }
        return rows.enumerated().allSatisfy { row, value in
            value.slot == UInt32(truncatingIfNeeded: version) &+ UInt32(row)
                && value.address == Endpoint.numbered(Int(version) + row).address
                && value.identity == version &* 100 &+ UInt64(row)
        }
    }

    private static func publication(workers: Int) throws -> (publication: Publication, wakeups: [Wakeup]) {
        let wakeups = try (0..<workers).map { _ in try Wakeup() }
        return (try Publication(first: snapshot(1), wakeups: wakeups), wakeups)
    }

    @Test func aWorkerAdoptsTheNewest() throws {
        let (publication, wakeups) = try Self.publication(workers: 2)
        let first = publication.adopt(worker: 0, held: nil)
        #expect(first.version == 1)
        #expect(publication.adopt(worker: 0, held: first).bits == first.bits)
        publication.publish(Self.snapshot(2))
        publication.publish(Self.snapshot(3))
        let newest = publication.adopt(worker: 0, held: first)
        #expect(newest.version == 3)
        #expect(Self.isConsistent(newest))
        for wakeup in wakeups {
            var entry = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            #expect(unsafe poll(&entry, 1, 0) == 1)
        }
    }

    @Test func nothingIsFreedThatAWorkerMayHold() throws {
        let (publication, _) = try Self.publication(workers: 3)
        var held = (0..<3).map { publication.adopt(worker: $0, held: nil) }
        for version in 2...10 as ClosedRange<UInt64> {
            publication.publish(Self.snapshot(version))
            held[0] = publication.adopt(worker: 0, held: held[0])
            if version % 3 == 0 { held[1] = publication.adopt(worker: 1, held: held[1]) }
            // Worker 2 holds on to the first.
            #expect(publication.reclaim() == 1)
            #expect(held.map(\.version) == [version, version < 3 ? 1 : version / 3 * 3, 1])
            #expect(held.allSatisfy { Self.isConsistent($0) })
        }
        held[2] = publication.adopt(worker: 2, held: held[2])
        #expect(publication.reclaim() == 9)
        held[1] = publication.adopt(worker: 1, held: held[1])
        #expect(publication.reclaim() == 10)
    }

    @Test func aWorkerThatHasNotStartedHoldsEverything() throws {
        let (publication, _) = try Self.publication(workers: 2)
        _ = publication.adopt(worker: 0, held: nil)
        for version in 2...5 as ClosedRange<UInt64> { publication.publish(Self.snapshot(version)) }
        #expect(publication.reclaim() == 1)
        let late = publication.adopt(worker: 1, held: nil)
        #expect(late.version == 5)
        #expect(Self.isConsistent(late))
    }

    @Test func aWorkerThatHasLeftHoldsNothing() throws {
        let (publication, _) = try Self.publication(workers: 2)
        _ = publication.adopt(worker: 0, held: nil)
        _ = publication.adopt(worker: 1, held: nil)
        publication.publish(Self.snapshot(2))
        #expect(publication.reclaim() == 1)
        publication.leave(worker: 0)
        publication.leave(worker: 1)
        #expect(publication.reclaim() == 2)
    }

    @Test func aStuckWorkerCostsFreshnessAndNotMemory() throws {
        let (publication, _) = try Self.publication(workers: 2)
        var quick = publication.adopt(worker: 0, held: nil)
        let stuck = publication.adopt(worker: 1, held: nil)
        var version: UInt64 = 1
        while publication.hasRoom && version < 10_000 {
            version += 1
            publication.publish(Self.snapshot(version))
            quick = publication.adopt(worker: 0, held: quick)
        }
        #expect(version == UInt64(Publication.longestRetirement) + 1)
        #expect(Self.isConsistent(stuck))
        #expect(stuck.version == 1)
        let woken = publication.adopt(worker: 1, held: stuck)
        #expect(woken.version == version)
        #expect(publication.hasRoom)
        #expect(publication.reclaim() == version)
    }

    /// The whole protocol under load: a sanitizer sees any read of what was freed.
    @Test func readersNeverSeeHalfASnapshotOrAFreedOne() throws {
        let workers = 3
        let versions: UInt64 = 30_000
        let (publication, wakeups) = try Self.publication(workers: workers)
        let isOver = Atomic<Bool>(false)
        let bad = Atomic<Int>(0)
        let adopted = Atomic<Int>(0)
        var threads = ThreadGroup()
        for worker in 0..<workers {
            try threads.start("worker-\(worker)") {
                var held = publication.adopt(worker: worker, held: nil)
                var last = held.version
                while !isOver.load(ordering: .acquiring) {
                    held = publication.adopt(worker: worker, held: held)
                    if held.version < last || !Self.isConsistent(held) { bad.add(1, ordering: .relaxed) }
                    if held.version != last { adopted.add(1, ordering: .relaxed) }
                    last = held.version
                    // Workers differ in how long they keep what they hold.
                    for _ in 0..<(worker * 3) { sched_yield() }
                    if !Self.isConsistent(held) { bad.add(1, ordering: .relaxed) }
                    wakeups[worker].clear()
                }
                held = publication.adopt(worker: worker, held: held)
                if held.version != versions { bad.add(1, ordering: .relaxed) }
                publication.leave(worker: worker)
            }
        }
        for version in 2...versions {
            while !publication.hasRoom { sched_yield() }
            publication.publish(Self.snapshot(version))
        }
        isOver.store(true, ordering: .releasing)
        threads.join()
        #expect(bad.load(ordering: .relaxed) == 0)
        #expect(adopted.load(ordering: .relaxed) > workers, "the readers hardly read")
        #expect(publication.reclaim() == versions)
    }
}
