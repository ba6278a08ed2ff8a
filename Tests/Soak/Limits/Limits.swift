import ArgumentParser
import Foundation

/// What the proxy does at its limits, with figures.
struct Limits: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "As many connections as the descriptors allow; a memory limit of 64 MiB; 1,000 blocked each way."
    )

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case held, memory
        /// Backends that do not read, and clients that do not.
        case blocked, unread
    }

    @OptionGroup var proxy: ProxyOptions

    @Option(help: "Only this part.")
    var part: Part?

    @Option(help: "Rounds with and without blocked connections.")
    var rounds = 5

    @Option(help: "The memory limit, in MiB.")
    var memory = 64

    func run() throws {
        let descriptors = DescriptorLimit.raise()
        let findings = Findings()
        for part in part.map({ [$0] }) ?? Part.allCases {
            do {
                try run(part, descriptors, findings)
            } catch {
                findings.broken("\(part.rawValue): \(error)")
            }
        }
        try findings.conclude()
    }

    private func run(_ part: Part, _ descriptors: Int, _ findings: Findings) throws {
        switch part {
        case .held: try HeldConnections(options: proxy, descriptors: descriptors, findings: findings).run()
        case .memory: try MemoryLimitStorm(options: proxy, limit: memory << 20, findings: findings).run()
        case .blocked: try BlockedConnections(.up, options: proxy, rounds: rounds, findings: findings).run()
        case .unread: try BlockedConnections(.down, options: proxy, rounds: rounds, findings: findings).run()
        }
    }
}
