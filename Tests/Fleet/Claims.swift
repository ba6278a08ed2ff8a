/// What is promised of a fleet, and how it came out; each has a run beside it in which the promise cannot hold.
struct Claim {
    let name: String
    let holds: Bool
    /// The figures that decide.
    let text: String

    static let all: [(name: String, check: @Sendable (UInt64) throws -> Claim)] = [
        ("errors end", errorsEnd),
        ("no herd", noHerd),
        ("no flood", noFlood),
        ("least connections", leastConnections),
        ("floor", floor),
    ]

    /// A small fleet whose sidecars have many connections on each endpoint.
    private static func dense(_ seed: UInt64, _ phases: [Phase], hold: Double = 0.1) -> FleetSettings {
        FleetSettings(sidecars: 20, endpoints: 10, rate: 100, hold: hold, seed: seed, phases: phases)
    }

    /// With health, clients see next to no errors of an endpoint that closes at once, from its second second on.
    private static func errorsEnd(_ seed: UInt64) throws -> Claim {
        let settings = dense(
            seed,
            [
                Phase(name: "calm", seconds: 3, change: .none),
                Phase(name: "closing", seconds: 6, change: .trouble(.closing, 1)),
            ]
        )
        func share(_ variant: Variant) throws -> Double {
            let late = try FleetWorld(settings, variant).run().windows(of: 1).dropFirst(2)
            return Double(late.reduce(0) { $0 + $1.errors }) / Double(late.reduce(0) { $0 + $1.connections })
        }
        let with = try share(Variant(policy: .leastConnections))
        let without = try share(Variant(policy: .leastConnections, hasHealth: false))
        return Claim(
            name: "errors end",
            holds: with < 0.01 && without > 0.05,
            text: "from the second second of a closing endpoint on, \(percent(with)) of the clients see an error with"
                + " health (at most 1%), \(percent(without)) without (at least 5%)"
        )
    }

    /// A fleet that starts at once does not start with the same endpoint.
    private static func noHerd(_ seed: UInt64) throws -> Claim {
        let phases = [Phase(name: "start", seconds: 0.5, change: .none)]
        let settings = FleetSettings(seed: seed, phases: phases)
        let worst = try BalancePolicy.allCases.map {
            try FleetWorld(settings, Variant(policy: $0)).run().firstChoiceImbalance
        }.max()
        return Claim(
            name: "no herd",
            holds: (worst ?? .infinity) < 3,
            text: "of the first choices of 1,000 sidecars the busiest of 100 endpoints gets"
                + " \(decimal(worst ?? 0)) times the mean at most, over all policies (less than 3)"
        )
    }

    /// A newcomer gets about its fair share under slow start, and is flooded without it.
    private static func noFlood(_ seed: UInt64) throws -> Claim {
        let settings = dense(
            seed,
            [
                Phase(name: "calm", seconds: 8, change: .none),
                Phase(name: "join", seconds: 12, change: .join(1)),
            ],
            hold: 1
        )
        func peak(_ variant: Variant) throws -> Double {
            try FleetWorld(settings, variant).run().figures(of: 1).newcomersPeak ?? .infinity
        }
        let with = try peak(Variant(policy: .leastConnections))
        let without = try peak(Variant(policy: .leastConnections, hasSlowStart: false))
        return Claim(
            name: "no flood",
            holds: with < 1.5 && without > 2,
            text: "a newcomer gets \(decimal(with)) times its fair share of new connections at most with slow start"
                + " (less than 1.5), \(decimal(without)) without (more than 2)"
        )
    }

    private static func leastConnections(_ seed: UInt64) throws -> Claim {
        let settings = dense(seed, [Phase(name: "calm", seconds: 6, change: .none)], hold: 0.5)
        func variation(_ policy: BalancePolicy) throws -> Double {
            try FleetWorld(settings, Variant(policy: policy)).run().figures(of: 0).variation
        }
        let least = try variation(.leastConnections)
        let random = try variation(.random)
        return Claim(
            name: "least connections",
            holds: least < random / 2,
            text:
                "the load varies by \(percent(least)) over endpoints with least-connections, by \(percent(random)) with"
                + " random (less than half of that)"
        )
    }

    /// When most endpoints refuse, at least half stay in use, and clients are served.
    private static func floor(_ seed: UInt64) throws -> Claim {
        // From the start, so that no good is known of them: else most would be suspects only, which stay in use. Long
        // sessions, so that the others get so full that suspects are tried again.
        let settings = dense(
            seed,
            [Phase(name: "most refuse", seconds: 8, change: .trouble(.refusing, 7))],
            hold: 2
        )
        let outcome = try FleetWorld(settings, Variant(policy: .leastConnections)).run()
        let figures = outcome.figures(of: 0)
        return Claim(
            name: "floor",
            holds: outcome.leastUsable >= 0.5 && outcome.leastUsable < 1 && figures.errors == 0,
            text: "while 7 of 10 endpoints refuse, \(percent(outcome.leastUsable)) of them stay in use at least (50%),"
                + " and \(figures.errors) of \(figures.connections) clients see an error (0)"
        )
    }
}
