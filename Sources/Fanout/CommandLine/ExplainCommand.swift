import ArgumentParser

/// The flags of `fanout explain`.
struct ExplainCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why endpoints get traffic, or none.",
        discussion: """
            Needs the --admin-address of a running Fanout. Exit code 1 when it does not answer, or knows no such service \
            or endpoint.
            """
    )

    @OptionGroup var admin: AdminFlags

    @Argument(help: ArgumentHelp("One service, or one endpoint (default: all)", valueName: "ENDPOINT|SERVICE"))
    var subject: String?
    @Flag(help: "Print JSON.") var json = false

    func question(of address: AdminAddress, _ environment: [String: String]) throws(UsageError) -> AdminQuestion {
        .explain(address, subject: subject, json: json)
    }
}
