import Foundation
import Testing

@testable import Fleet

/// The promises of a fleet, on small fleets in virtual time (Tests/Fleet).
@Suite struct FleetTests {
    @Test(arguments: Claim.all.map(\.name)) func holds(name: String) throws {
        let claim = try #require(Claim.all.first { $0.name == name })
        let result = try claim.check(1)
        #expect(result.holds, "\(result.text)")
    }

    @Test func clientsAndLoadsAreAccountedFor() throws {
        let world = try FleetWorld(Self.small, Variant(policy: .leastConnections))
        let outcome = world.run()
        let living = world.connections.indices.filter { !world.freeConnections.contains($0) }
        let attempts = living.flatMap { [world.connections[$0].main, world.connections[$0].spare] }.compactMap { $0 }
        for index in world.sites.indices {
            #expect(world.sites[index].load == attempts.count { $0.site == index }, "endpoint \(index)")
        }
        let slots = world.sidecars.map { sidecar in
            (0..<UInt32(world.sites.count)).reduce(0) { $0 + Int(sidecar.loads.load(of: $1)) }
        }
        #expect(slots.reduce(0, +) == attempts.count)
        // 10 sidecars, 20 a second, 12 seconds: 2,400 on average, with a deviation of 49.
        let connections = outcome.windows.reduce(0) { $0 + $1.connections }
        #expect((2_150...2_650).contains(connections))
    }

    /// With one endpoint in trouble at a time, because more are looked at in the order of a dictionary.
    @Test func theSameSeedIsTheSameRun() throws {
        func text(seed: UInt64) throws -> String {
            var settings = Self.small
            settings.seed = seed
            let outcome = try FleetWorld(settings, Variant(policy: .twoChoices)).run()
            return JSONReport.text(settings, [outcome], [])
        }
        let first = try text(seed: 5)
        #expect(try text(seed: 5) == first)
        #expect(try text(seed: 6) != first)
    }

    @Test func thePageNeedsNothingElse() throws {
        let outcome = try FleetWorld(Self.small, Variant(policy: .random)).run()
        let claim = Claim(name: "a claim", holds: false, text: "that is broken")
        let page = Page.html(Self.small, [outcome], [claim])
        for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
            #expect(!page.contains(outside), "\(outside)")
        }
        #expect(page.components(separatedBy: "<polyline").count == Chart.all.count + 1)
        #expect(page.contains("prefers-color-scheme: dark"))
        #expect(page.contains("class=\"broken\"><b>a claim</b>"))
    }

    private static let small = FleetSettings(
        sidecars: 10,
        endpoints: 10,
        rate: 20,
        hold: 0.5,
        seed: 1,
        phases: [
            Phase(name: "start", seconds: 2, change: .none),
            Phase(name: "refusing", seconds: 5, change: .trouble(.refusing, 1)),
            Phase(name: "join", seconds: 3, change: .join(2)),
            Phase(name: "leave", seconds: 2, change: .leave(1)),
        ]
    )
}
