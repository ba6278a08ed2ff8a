import ArgumentParser

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout-bench",
        abstract: "Measures TCP proxies side by side: CPU time per unit of work, latency, memory per connection.",
        subcommands: [CompareCommand.self, LoadCommand.self, EchoCommand.self],
        defaultSubcommand: CompareCommand.self
    )
}
