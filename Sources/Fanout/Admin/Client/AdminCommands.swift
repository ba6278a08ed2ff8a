import Glibc

/// Runs the commands that ask a running Fanout, and says what came of it.
enum AdminCommands {
    /// Blocks until the command is done; on the process's first thread, before any other.
    static func run(_ question: AdminQuestion, environment: [String: String]) -> ExitCode {
        // A reader that has gone must not kill (signal(7)).
        _ = signal(SIGPIPE, SIG_IGN)
        switch question {
        case .wait(let address, let timeout):
            guard let reasons = Wait(client: AdminClient(address: address), limit: timeout).run() else { return .clean }
            return refuse("not ready after \(timeout)", reasons)
        case .explain(let address, let subject, let json):
            return explain(subject, json: json, AdminClient(address: address))
        case .top(let address, let options):
            return top(AdminClient(address: address), options, environment)
        }
    }

    private static func explain(_ subject: String?, json: Bool, _ client: AdminClient) -> ExitCode {
        do throws(AdminFailure) {
            let status = try client.read(StatusReport.self, at: "/status", within: AdminClient.patience)
            let endpoints = try client.read(EndpointsReport.self, at: "/endpoints", within: AdminClient.patience)
            guard let explain = Explain(subject, status: status, endpoints: endpoints) else {
                return refuse(
                    "no service or endpoint \(subject ?? "")",
                    [
                        "services: \(endpoints.services.map(\.service).joined(separator: ", "))",
                        "an endpoint that Nomad does not list, or that is skipped as a canary, is not known",
                    ]
                )
            }
            guard json else {
                StandardStreams.write(explain.text, to: STDOUT_FILENO)
                return .clean
            }
            guard let text = try? explain.json() else { throw AdminFailure("cannot be written as JSON") }
            StandardStreams.write(String(decoding: text, as: UTF8.self), to: STDOUT_FILENO)
            return .clean
        } catch {
            return refuse(unanswered(client, error))
        }
    }

    private static func top(_ client: AdminClient, _ options: TopOptions, _ environment: [String: String]) -> ExitCode {
        // A dumb terminal obeys no orders (terminfo(5)).
        let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
        let isLive = isTerminal && !options.once && !options.json
        do throws(AdminFailure) {
            guard !isLive else { return try Top(client: client, options: options, environment: environment).run() }
            let shot = TopShot(client: client, interval: options.interval)
            StandardStreams.write(options.json ? try shot.json() : try shot.text(), to: STDOUT_FILENO)
            return .clean
        } catch {
            return refuse(unanswered(client, error))
        }
    }

    private static func unanswered(_ client: AdminClient, _ failure: AdminFailure) -> String {
        "no answer from the admin endpoint at \(client.address): \(failure)"
    }

    private static func refuse(_ message: String, _ more: [String] = []) -> ExitCode {
        var lines = LineBuffer()
        for text in ["fanout: \(message)"] + more {
            lines.append(line: text)
            lines.append("\n")
        }
        StandardStreams.write(lines.text, to: STDERR_FILENO)
        return .failure
    }
}
