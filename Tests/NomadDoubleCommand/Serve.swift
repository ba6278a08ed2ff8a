import ArgumentParser
import FoundationEssentials
import Glibc
import NomadDouble

/// Serves until SIGTERM or SIGINT.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve the API until SIGTERM or SIGINT.")

    enum Switch: String, ExpressibleByArgument, CaseIterable {
        case on, off
    }

    @Option(help: "The task API's unix socket.")
    var socket: String

    @Option(help: "Serve the agent's HTTP port too: 127.0.0.1:PORT, port 0 for a free one.")
    var listen: String?

    @Option(help: "Where to write an accepted token (default: nomad_token beside the socket).")
    var tokenFile: String?

    @Option(help: "A unix socket for 'nomad-double ctl'.")
    var control: String?

    @Option(help: "Whether ACLs are enabled.")
    var acl = Switch.on

    @Option(parsing: .singleValue, help: "Register SERVICE=ADDR:PORT; may be repeated.")
    var add: [String] = []

    func validate() throws {
        if let listen, port(of: listen) == nil {
            throw ValidationError("'\(listen)' will not do for --listen: 127.0.0.1:PORT, such as 127.0.0.1:0")
        }
        for registration in add where !registration.dropFirst().contains("=") {
            throw ValidationError("'\(registration)' will not do for --add: SERVICE=ADDR:PORT")
        }
    }

    func run() throws {
        let endings = blockEndingSignals()
        let double = NomadDouble()
        defer { double.shutdown() }
        double.settings.isAccessControlEnabled = acl == .on

        let tokenPath = tokenFile ?? URL(fileURLWithPath: socket).deletingLastPathComponent().path + "/nomad_token"
        for path in [socket, tokenPath, control].compactMap(\.self) { try makeParent(of: path) }
        let token = double.mintToken()
        try TokenFile.write(token.text, to: tokenPath)

        let commands = ControlCommands(double: double, tokenFile: tokenPath, token: token)
        for registration in add {
            let parts = registration.split(separator: "=", maxSplits: 1)
            let answer = commands.add(parts.joined(separator: " "))
            guard answer.hasPrefix("ok") else { throw CommandFailure(description: "--add \(registration): \(answer)") }
        }
        let server = try control.map { try ControlServer(double: double, path: $0, handler: commands.answer) }
        defer { server?.shutdown() }
        var ready = "ready socket=\(socket)"
        try double.listen(at: socket)
        if let listen, let port = port(of: listen) { ready += " listen=127.0.0.1:\(try double.listen(port: port))" }
        ready += " token-file=\(tokenPath)"
        if let control { ready += " control=\(control)" }
        print(ready)
        // A reader at the other end of a pipe waits for this line.
        fflush(nil)
        wait(for: endings)
    }

    private func port(of listen: String) -> Int? {
        let parts = listen.split(separator: ":")
        guard parts.count == 2, parts[0] == "127.0.0.1", let port = Int(parts[1]), (0...65_535).contains(port)
        else { return nil }
        return port
    }

    private func makeParent(of path: String) throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    }

    /// To be called before any other thread exists, since threads inherit the mask.
    private func blockEndingSignals() -> sigset_t {
        var endings = sigset_t()
        unsafe sigemptyset(&endings)
        unsafe sigaddset(&endings, SIGTERM)
        unsafe sigaddset(&endings, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &endings, nil)
        return endings
    }

    private func wait(for signals: sigset_t) {
        var signals = signals
        var received: Int32 = 0
        unsafe _ = sigwait(&signals, &received)
    }
}
