import ArgumentParser
import Foundation
import Traffic

/// One proxy and everything that may happen to it, all at once, until the time is over.
struct Everything: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "everything",
        abstract:
            "Verified traffic of all kinds while backends die, endpoints come and go and the API fails (default).",
        discussion: "A reset is legal where its backend was killed, and nowhere else; a clean end in its place is not."
    )

    @OptionGroup var proxy: ProxyOptions

    @Option(help: "How long.")
    var minutes: Double?

    @Option(help: "How long, in seconds.")
    var seconds: Double?

    @Option(help: "Replays the decisions of a run.")
    var seed: UInt64?

    func validate() throws {
        if minutes != nil && seconds != nil { throw ValidationError("either --minutes or --seconds") }
        if let length = seconds ?? minutes.map({ $0 * 60 }), length < 1 { throw ValidationError("a second at least") }
    }

    func run() throws {
        let seed = seed ?? UInt64.random(in: 1...999_999)
        let length = seconds ?? (minutes ?? 1) * 60
        _ = DescriptorLimit.raise()
        Terminal.say("everything at once for \(Terminal.number(length)) s, seed \(seed)")
        let findings = Findings()
        let soak = try Soak(proxy, seed: seed, findings)
        defer { soak.end() }
        try soak.run(seconds: length)
        Terminal.say(findings.table)
        try findings.conclude()
    }
}
