import ArgumentParser

/// The flags of `fanout wait`.
struct WaitCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Return when a Fanout is ready: its listeners are bound and discovery has answered.",
        discussion: """
            Needs the --admin-address of that Fanout, which may not run yet. Exit code 1, and the reasons on standard \
            error, when it is not ready in time. For a prestart task that orders the start of an allocation.
            """
    )

    @OptionGroup var admin: AdminFlags

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long to wait (default: FANOUT_TIMEOUT, else 1m)", valueName: "D")
    )
    var timeout: String?

    func question(of address: AdminAddress, _ environment: [String: String]) throws(UsageError) -> AdminQuestion {
        .wait(address, timeout: try FlagText("timeout", timeout, environment).interval(else: "1m"))
    }
}
