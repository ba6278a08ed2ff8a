import ArgumentParser
import NomadDouble

/// Sends one command to a running double.
struct Control: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ctl",
        abstract: "Send a command to a running double ('help' lists them)."
    )

    @Option(help: "The control socket that 'serve --control' opened.")
    var control: String

    @Argument(parsing: .remaining, help: "The command and its arguments.")
    var command: [String]

    func run() throws {
        let answer: String
        do {
            answer = try ControlClient.send(command.joined(separator: " "), to: control)
        } catch {
            throw CommandFailure(
                description: "no double answers at \(control) (\(error)); start one with 'serve --control \(control)'"
            )
        }
        print(answer.split(separator: "\t").joined(separator: "\n  "))
        if !answer.hasPrefix("ok") { throw ExitCode.failure }
    }
}
