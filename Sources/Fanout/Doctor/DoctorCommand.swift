import ArgumentParser

/// `fanout doctor`: the flags of a run, and what would hinder it.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what a run with these flags would find: kernel, limits, addresses, Nomad and its token.",
        usage: "fanout doctor [--json] [<options of fanout run>]",
        discussion: """
            One line for each check, ok, warning or failure, and after the last two the line that cures it. Takes the flags \
            and variables of fanout run; start it where that would run, in its task. Exit code 0 without failures, \
            1 with one, 64 for a wrong command line. The token is never shown.
            """,
        version: Version.text
    )

    @Flag(help: "Print the findings as JSON.") var json = false
    @OptionGroup var run: RunCommand
}
