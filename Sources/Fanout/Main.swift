import Glibc
import Logging
import Reactor

@main
enum Main {
    static func main() {
        exit(run().rawValue)
    }

    /// Not on the main actor: threads are started from here, and their closures would inherit it.
    nonisolated private static func run() -> ExitCode {
        StandardStreams.occupy()
        let environment = ProcessEnvironment.current()
        let invocation = CommandLineInterface.parse(
            arguments: Array(CommandLine.arguments.dropFirst()),
            environment: environment,
            machine: { Machine.current(environment: environment) }
        )
        switch invocation {
        case .run(let configuration):
            return run(configuration, environment)
        case .ask(let question):
            return AdminCommands.run(question, environment: environment)
        case .examine(let configuration, let machine, let json):
            let examination = Examination(configuration: configuration, environment: environment, machine: machine)
            let report = DoctorReport(findings: examination.findings())
            StandardStreams.write(json ? report.json : report.text, to: STDOUT_FILENO)
            return report.exitCode
        case .print(let text):
            StandardStreams.write(text, to: STDOUT_FILENO)
            return .clean
        case .refuse(let code, let text):
            StandardStreams.write(text, to: STDERR_FILENO)
            return code
        }
    }

    nonisolated private static func run(_ configuration: Configuration, _ environment: [String: String]) -> ExitCode {
        do throws(SystemError) {
            // Before the first thread, so that no thread is ever interrupted, nor can do more than it needs.
            let signals = try Signals()
            let confinement = Confinement(configuration, environment: environment).apply()
            let writer = try LogWriter(format: configuration.log.format)
            let handler = FanoutLogHandler(
                logger: "fanout",
                format: configuration.log.format,
                level: configuration.log.level,
                writer: writer
            )
            let events = EventLog()
            let logger = Logger(label: "fanout") { _ in MultiplexLogHandler([handler, EventLogHandler(events)]) }
            // Who asks for a dump wants it, whatever the level; and it is no event.
            var unfiltered = handler
            unfiltered.logLevel = .trace
            let dumpLogger = Logger(label: "fanout") { [unfiltered] _ in unfiltered }
            return Supervisor(
                configuration: configuration,
                writer: writer,
                logger: logger,
                dumpLogger: dumpLogger,
                events: events
            ).run(signals: signals, environment: environment, confinement: confinement)
        } catch {
            StandardStreams.write("fanout: cannot start: \(error)\n", to: STDERR_FILENO)
            return .failure
        }
    }
}

/// The environment as a dictionary (environ(7)).
enum ProcessEnvironment {
    static func current() -> [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return result
    }
}
