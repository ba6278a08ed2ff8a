import ArgumentParser

/// Promises of long runs and of limits, shown on the built binary from outside.
@main
struct FanoutSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scripts/fanout soak",
        abstract: "Everything at once for as long as you like; or drains, or the limits.",
        subcommands: [Everything.self, Drains.self, Limits.self, Backend.self],
        defaultSubcommand: Everything.self
    )
}
