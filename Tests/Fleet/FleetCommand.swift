import Glibc

/// The command behind `scripts/fanout simulate-fleet`.
public enum FleetCommand {
    private static let usage = """
        usage: scripts/fanout simulate-fleet [options]
          --sidecars N    (1000)    --rate N    connections a second of each (20)
          --endpoints N   (100)     --hold S    seconds of a session on average (0.5)
          --seed N        (1)       the same seed gives the same files
          --output FILE   the page (.build/fleet.html)    --json FILE   all figures (.build/fleet.json)
          --claims        only what must hold; exit status 1 where something does not
        """

    /// - Returns: the exit status.
    public static func run(_ arguments: [String]) throws -> Int32 {
        var arguments = arguments
        if arguments.contains("--help") {
            print(usage)
            return 0
        }
        func value(_ name: String) -> String? {
            guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
            defer { arguments.removeSubrange(index...index + 1) }
            return arguments[index + 1]
        }
        var settings = FleetSettings()
        let texts = (value("--sidecars"), value("--endpoints"), value("--rate"), value("--hold"), value("--seed"))
        settings.sidecars = texts.0.map { Int($0) ?? 0 } ?? settings.sidecars
        settings.endpoints = texts.1.map { Int($0) ?? 0 } ?? settings.endpoints
        settings.rate = texts.2.map { Double($0) ?? 0 } ?? settings.rate
        settings.hold = texts.3.map { Double($0) ?? 0 } ?? settings.hold
        let seed = texts.4.map { UInt64($0) } ?? settings.seed
        let page = value("--output") ?? ".build/fleet.html"
        let json = value("--json") ?? ".build/fleet.json"
        let isClaimsOnly = arguments.first == "--claims"
        if isClaimsOnly { arguments.removeFirst() }
        guard arguments.isEmpty, let seed, (1...10_000).contains(settings.sidecars),
            (20...2_000).contains(settings.endpoints), settings.rate > 0, settings.rate <= 10_000, settings.hold > 0,
            settings.hold <= 3_600
        else {
            print(usage)
            return 64
        }
        settings.seed = seed
        let begin = now()
        let outcomes = try isClaimsOnly ? [] : Variant.compared.map { try timed(settings, $0) }
        let claims = try Claim.all.map { try $0.check(seed) }
        if !isClaimsOnly {
            print(TextReport.table(outcomes))
            try write(Page.html(settings, outcomes, claims), to: page)
            try write(JSONReport.text(settings, outcomes, claims), to: json)
            print("\nthe same with plots: \(page); all figures: \(json)")
        }
        print("")
        for claim in claims { print("\(claim.holds ? "holds " : "BROKEN")  \(claim.name): \(claim.text)") }
        print("\(decimal(now() - begin)) s")
        return claims.allSatisfy(\.holds) ? 0 : 1
    }

    private static func timed(_ settings: FleetSettings, _ variant: Variant) throws -> FleetOutcome {
        let begin = now()
        let outcome = try FleetWorld(settings, variant).run()
        let connections = outcome.windows.reduce(0) { $0 + $1.connections }
        print(
            "\(variant.name): \(connections) connections, \(outcome.looks) looks in \(decimal(now() - begin)) s"
        )
        fflush(nil)
        return outcome
    }

    private struct WriteFailure: Error, CustomStringConvertible {
        let path: String
        var description: String { "cannot write \(path)" }
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = unsafe fopen(path, "w") else { throw WriteFailure(path: path) }
        let result = unsafe fputs(text, file)
        guard unsafe fclose(file) == 0, result >= 0 else { throw WriteFailure(path: path) }
    }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
