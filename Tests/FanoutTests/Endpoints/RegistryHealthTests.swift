import Reactor
import Testing

@testable import Fanout

/// What the registry makes of outcomes, checks and traits.
@Suite struct RegistryHealthTests {
    private static let second: UInt64 = 1_000_000_000

    /// Refused connects, and a look at them.
    private func fail(_ number: Int, times: Int, in bench: RegistryBench, at now: Deadline) throws
        -> [HealthRecords.Transition]
    {
        let slot = try bench.slot(of: number)
        for _ in 0..<times { bench.loads.outcomes.note(.refused, slot: slot) }
        return bench.registry.look(at: now)
    }

    @Test func whoFailsLeavesTheFirstTierAndComesBackByATrial() throws {
        let bench = try RegistryBench()
        var now = Deadline(nanoseconds: Self.second)
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints, at: now)
        #expect(bench.set().preferred == 3)
        let slot = try bench.slot(of: 2)
        let ejected = try fail(2, times: 3, in: bench, at: now)
        #expect(ejected.map(\.assignment.slot) == [slot])
        #expect(ejected.map(\.health.name) == [.ejected])
        #expect(bench.set().preferred == 2)
        #expect(bench.set().count == 3, "the last resort")
        #expect(bench.rows().last?.slot == slot)
        #expect(bench.registry.observe().endpoints.map(\.name) == [.ready, .ejected, .ready])

        now = bench.registry.nextLook
        #expect(bench.registry.look(at: now).map(\.health.isOnTrial) == [true])
        #expect(bench.set().trials == 1)
        #expect(bench.loads.outcomes.takeTrial(slot: slot))
        bench.loads.outcomes.note(.connected, slot: slot)
        #expect(bench.registry.look(at: now).map(\.health.name) == [.new])
        #expect(bench.set().preferred == 3)
        #expect(!bench.set().isUniform, "slowly")
        // In ten steps, each of which is published.
        for _ in 0..<10 {
            now = bench.registry.nextLook
            _ = bench.registry.look(at: now)
        }
        #expect(bench.set().isUniform)
        #expect(bench.registry.nextLook == .never)
    }

    /// Without clients a trial is offered again and again, which is no news.
    @Test func aTrialThatNobodyMakesIsNoNews() throws {
        let bench = try RegistryBench()
        var now = Deadline(nanoseconds: Self.second)
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints, at: now)
        _ = try fail(2, times: 3, in: bench, at: now)
        now = bench.registry.nextLook
        #expect(bench.registry.look(at: now).count == 1)
        let version = bench.version()
        let slot = try bench.slot(of: 2)
        #expect(bench.loads.outcomes.takeTrial(slot: slot))
        for _ in 0..<5 {
            now = bench.registry.nextLook
            #expect(bench.registry.look(at: now).isEmpty)
            #expect(bench.loads.outcomes.isTrialLeft(slot: slot))
        }
        #expect(bench.version() == version)
    }

    @Test func nothingIsPublishedWhileNothingChanges() throws {
        let bench = try RegistryBench()
        let now = Deadline(nanoseconds: Self.second)
        bench.registry.replace(service: 0, with: [1, 2].endpoints, at: now)
        let version = bench.version()
        bench.loads.outcomes.note(.connected, slot: try bench.slot(of: 1))
        #expect(bench.registry.look(at: now).isEmpty)
        #expect(bench.version() == version)
        #expect(!bench.loads.outcomes.hasNews)
    }

    /// A change of the catalogue does not wash anybody clean.
    @Test func healthSurvivesChangesAndAbsence() throws {
        let bench = try RegistryBench()
        let now = Deadline(nanoseconds: Self.second)
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints, at: now)
        _ = try fail(2, times: 3, in: bench, at: now)
        bench.registry.replace(service: 0, with: [1, 2, 3, 4].endpoints, at: now)
        #expect(bench.registry.observe().endpoints.map(\.name) == [.ready, .ejected, .ready, .new])
        bench.registry.replace(service: 0, with: [1, 3, 4].endpoints, at: now)
        bench.turn()
        bench.registry.tidy(at: now)
        bench.registry.replace(service: 0, with: [1, 2, 3, 4].endpoints, at: now)
        #expect(bench.registry.observe().endpoints.first { $0.assignment.endpoint == .numbered(2) }?.name == .ejected)
    }

    /// What was counted on a slot for one endpoint is not held against the next.
    @Test func aSlotThatIsGivenAwayStartsAfresh() throws {
        let bench = try RegistryBench()
        let now = Deadline(nanoseconds: Self.second)
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints, at: now)
        let slot = try bench.slot(of: 3)
        bench.registry.replace(service: 0, with: [1, 2].endpoints, at: now)
        for _ in 0..<5 { bench.loads.outcomes.note(.refused, slot: slot) }
        bench.turn()
        bench.registry.tidy(at: now)
        bench.registry.replace(service: 0, with: [1, 2, 9].endpoints, at: now)
        #expect(try bench.slot(of: 9) == slot)
        #expect(bench.registry.look(at: now).isEmpty)
    }

    @Test func aDrainingEndpointKeepsItsSessionsAndGetsNoMore() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1, 2].endpoints)
        let slot = try bench.slot(of: 1)
        bench.loads.increment(worker: 0, slot: slot)
        var draining = Endpoint.numbered(1)
        draining.tags = ["fanout.drain=1"]
        bench.registry.replace(service: 0, with: [draining, .numbered(2)])
        #expect(bench.rows().map(\.address) == [Endpoint.numbered(2).address])
        let endpoints = bench.registry.observe().endpoints
        #expect(endpoints.map(\.name).sorted { $0.rawValue < $1.rawValue } == [.draining, .ready])
        #expect(endpoints.first { $0.name == .draining }?.connections == 1)
    }

    @Test func theNearestArePreferred() throws {
        let bench = try RegistryBench(policy: .init(preferences: [.zone("a"), .datacenter("dc1")]))
        var endpoints = [1, 2, 3].endpoints
        endpoints[1].tags = ["fanout.zone=a"]
        endpoints[2].datacenter = "dc1"
        bench.registry.replace(service: 0, with: endpoints)
        #expect(bench.rows().map(\.address) == [2, 3, 1].endpoints.map(\.address))
        #expect(bench.set().preferred == 1)
    }
}
