import ArgumentParser

/// Promises of long runs and of limits, shown on the built binary from outside.
@main
struct FanoutSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scripts/fanout soak",
        abstract: "Everything at once for as long as you like; or drains, or the limits.",
        discussion: """
            scripts/fanout soak --minutes 10 [--seed 1]   everything at once
            scripts/fanout soak drains --count 1000       for TCP and for a unix socket
            scripts/fanout soak replacement               every endpoint is replaced, one after the other
            scripts/fanout soak blackhole                 one of three endpoints drops every SYN
            scripts/fanout soak limits [--part blocked]   descriptors, memory, blocked connections
            """,
        subcommands: [Everything.self, Drains.self, Replacement.self, Blackhole.self, Limits.self, Backend.self],
        defaultSubcommand: Everything.self
    )
}
