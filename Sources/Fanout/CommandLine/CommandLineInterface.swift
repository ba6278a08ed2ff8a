import ArgumentParser

/// The root of the command line; `fanout` without a command is `fanout run`.
struct FanoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "A TCP sidecar proxy for Nomad services.",
        version: Version.text,
        subcommands: [
            RunCommand.self, DoctorCommand.self, TopCommand.self, ExplainCommand.self, WaitCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}

/// What the command line asks for.
enum Invocation: Equatable, Sendable {
    case run(Configuration)
    /// Ask a running Fanout.
    case ask(AdminQuestion)
    /// Check what a run with this configuration would find.
    case examine(Configuration, Machine, json: Bool)
    /// Print this on standard output and end with ``ExitCode/clean``.
    case print(String)
    /// Print this on standard error and end with this code; at most four lines.
    case refuse(ExitCode, String)
}

/// Reads the command line, without touching the process: arguments and environment in, what to do out.
enum CommandLineInterface {
    /// `arguments` are those after the program's name; `machine` is asked only when limits have to be known.
    static func parse(
        arguments: [String],
        environment: [String: String],
        machine: () -> Machine
    ) -> Invocation {
        let command: Command
        switch parse(flags: arguments, environment) {
        case .success(let parsed): command = parsed
        case .failure(let stop): return stop.invocation
        }
        do {
            return try invocation(of: command, environment, machine())
        } catch {
            return .refuse(.usage, "fanout: \(error.message)\nfanout --help lists every flag\n")
        }
    }

    private static func invocation(
        of command: Command,
        _ environment: [String: String],
        _ machine: Machine
    ) throws(UsageError) -> Invocation {
        let values = SettingValues(flags: command.flags, environment: environment)
        let configuration = try ConfigurationBuilder(values: values, environment: environment, machine: machine).build()
        if command.flags.printConfig {
            let nomad = NomadEnvironment(
                values: values,
                environment: environment,
                isNeeded: configuration.needsNomad
            )
            return .print(ConfigurationReport(values: values, nomad: nomad, configuration: configuration).text)
        }
        if case .doctor(let doctor) = command { return .examine(configuration, machine, json: doctor.json) }
        guard configuration.nomad.address != nil || !configuration.needsNomad else {
            return .refuse(
                .configuration,
                """
                fanout: no Nomad address; give --nomad-address URL, such as http://127.0.0.1:4646
                NOMAD_ADDR, NOMAD_UNIX_ADDR and NOMAD_SECRETS_DIR are not set, so this is no Nomad task; fixed endpoints \
                (--endpoint) need no Nomad

                """
            )
        }
        return .run(configuration)
    }

    /// Of ArgumentParser's, in bytes: it repeats a bad argument whole.
    private static let longestMessage = 300

    private struct Stop: Error {
        let invocation: Invocation
    }

    private enum Command {
        case run(RunCommand)
        case doctor(DoctorCommand)

        var flags: RunCommand {
            switch self {
            case .run(let run): run
            case .doctor(let doctor): doctor.run
            }
        }
    }

    /// Help and version leave ArgumentParser as errors with a clean exit code.
    private static func parse(
        flags arguments: [String],
        _ environment: [String: String]
    ) -> Result<Command, Stop> {
        do {
            var parsed = try FanoutCommand.parseAsRoot(withDefaultCommand(arguments))
            if let command = parsed as? RunCommand { return .success(.run(command)) }
            if let command = parsed as? DoctorCommand { return .success(.doctor(command)) }
            if let command = parsed as? any AdminCommand {
                return .failure(Stop(invocation: command.invocation(environment)))
            }
            // ArgumentParser's own commands, such as `fanout help run`: running them throws their text.
            try parsed.run()
            return .failure(Stop(invocation: .print("")))
        } catch {
            let isClean = FanoutCommand.exitCode(for: error) == .success
            let message = FanoutCommand.message(for: error)
            guard !isClean else {
                return .failure(Stop(invocation: .print(message.hasSuffix("\n") ? message : message + "\n")))
            }
            var line = LineBuffer()
            let first = message.split(separator: "\n").first.map(String.init) ?? "no such command"
            line.append(line: first)
            return .failure(
                Stop(
                    invocation: .refuse(
                        .usage,
                        "fanout: \(line.text.excerpt(Self.longestMessage))\n\(hint(for: arguments))\n"
                    )
                )
            )
        }
    }

    /// Where the flags of the command that was meant are listed.
    private static func hint(for arguments: [String]) -> String {
        let names = FanoutCommand.configuration.subcommands.dropFirst().map { $0.configuration.commandName }
        guard let first = arguments.first, names.contains(first) else { return "fanout --help lists every flag" }
        return "fanout \(first) --help lists every flag"
    }

    /// Names the default command, so that `fanout --help` is the help that lists the flags.
    private static func withDefaultCommand(_ arguments: [String]) -> [String] {
        guard let first = arguments.first else { return ["run"] }
        guard arguments != ["help"] else { return ["run", "--help"] }
        // These two are about the whole tree of commands.
        let isOfRoot = first.hasPrefix("--generate-completion-script") || first == "--experimental-dump-help"
        return first.hasPrefix("-") && !isOfRoot ? ["run"] + arguments : arguments
    }
}
