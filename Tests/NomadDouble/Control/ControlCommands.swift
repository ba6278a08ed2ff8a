import NIOConcurrencyHelpers

/// The commands by which a person or a script steers a double that runs on its own.
///
/// `answer` takes one line and gives one line, `ok ...` or `error ...`; items of a list are separated by tabs.
public final class ControlCommands: Sendable {
    private struct Command: Sendable {
        let usage: String
        let run: @Sendable (ControlCommands, Arguments) throws -> String

        var name: String { String(usage.prefix { $0 != " " }) }
    }

    private let double: NomadDouble
    private let tokenFile: String
    private let token: NIOLockedValueBox<WorkloadToken>

    /// `token` is what `tokenFile` holds now.
    public init(double: NomadDouble, tokenFile: String, token: WorkloadToken) {
        self.double = double
        self.tokenFile = tokenFile
        self.token = NIOLockedValueBox(token)
    }

    public func answer(_ line: String) -> String {
        var arguments = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        let name = arguments.isEmpty ? "" : String(arguments.removeFirst())
        guard let command = Self.commands.first(where: { $0.name == name }) else {
            return "error '\(name)' is no command; there are:\t" + Self.commands.map(\.usage).joined(separator: "\t")
        }
        do {
            let result = try command.run(self, Arguments(String(arguments.first ?? "")))
            return result.isEmpty ? "ok" : "ok \(result)"
        } catch let error as ControlError {
            return "error \(error.text)"
        } catch {
            return "error \(error)"
        }
    }

    /// Registers a service as the command `add` does; `line` is what follows the command's name.
    public func add(_ line: String) -> String { answer("add \(line)") }

    private static let commands: [Command] = [
        Command(usage: "add SERVICE ADDR:PORT [tag=T ...] [namespace=NS] [id=ID] [node=ID] [dc=NAME]") {
            try $0.add($1)
        },
        Command(usage: "remove ID|ADDR:PORT [namespace=NS]") { try $0.remove($1) },
        Command(usage: "list") { commands, _ in commands.list() },
        Command(usage: "fault NAME [count=N|always] [service=SERVICE] [...]") { try $0.fault($1) },
        Command(usage: "faults") { commands, _ in commands.double.armedFaults.joined(separator: "\t") },
        Command(usage: "clear-faults") { commands, _ in
            commands.double.clearFaults()
            return ""
        },
        Command(usage: "wake") { commands, _ in
            let count = commands.double.parkedQueries
            commands.double.releaseParkedQueries()
            return "\(count) blocked queries answer now"
        },
        Command(usage: "leader on|off") { commands, arguments in
            commands.double.hasLeader = try ControlCommands.isOn(arguments, usage: "leader on|off")
            return ""
        },
        Command(usage: "acl on|off") { commands, arguments in
            commands.double.settings.isAccessControlEnabled = try ControlCommands.isOn(arguments, usage: "acl on|off")
            return ""
        },
        Command(usage: "restart [task|tcp]") { commands, arguments in
            try commands.forDoors(arguments) { try commands.double.restart($0) }
        },
        Command(usage: "crash [task|tcp]") { commands, arguments in
            try commands.forDoors(arguments) { commands.double.crash($0) }
        },
        Command(usage: "stop [task|tcp]") { commands, arguments in
            try commands.forDoors(arguments) { commands.double.stop($0) }
        },
        Command(usage: "hang [task|tcp]") { commands, arguments in
            try commands.forDoors(arguments) { try commands.double.restart($0, isServing: false) }
        },
        Command(usage: "rotate-token") { commands, _ in try commands.rotateToken() },
        Command(usage: "index N") { try $0.setIndex($1) },
        Command(usage: "requests") { commands, _ in "\(commands.double.requestCount)" },
        Command(usage: "parked") { commands, _ in "\(commands.double.parkedQueries)" },
        Command(usage: "help") { _, _ in
            "commands:\t" + commands.map(\.usage).joined(separator: "\t")
                + "\tfaults: " + FaultCatalogue.names.joined(separator: ", ")
        },
    ]

    private func add(_ arguments: Arguments) throws -> String {
        let keys = ["tag", "namespace", "id", "node", "dc"]
        try arguments.allow(
            plain: 2,
            keys: keys,
            usage: "add SERVICE ADDR:PORT [tag=T ...] [namespace=NS] [id=ID] [node=ID] [dc=NAME]"
        )
        let place = try HostPort(arguments.plain[1])
        let registration = Registration(
            service: arguments.plain[0],
            address: place.host,
            port: place.port,
            namespace: arguments["namespace"] ?? "default",
            tags: arguments.all("tag"),
            id: arguments["id"],
            nodeID: arguments["node"],
            datacenter: arguments["dc"] ?? "dc1"
        )
        double.upsert(registration)
        return registration.id
    }

    private func remove(_ arguments: Arguments) throws -> String {
        try arguments.allow(plain: 1, keys: ["namespace"], usage: "remove ID|ADDR:PORT [namespace=NS]")
        let what = arguments.plain[0]
        let place = try? HostPort(what)
        let doomed = double.registrations.filter { row in
            let isThere = row.address == place?.host && row.port == place?.port
            return (row.id == what || isThere) && row.namespace == arguments["namespace"] ?? row.namespace
        }
        guard !doomed.isEmpty else {
            throw ControlError("nothing is registered as '\(what)'; 'list' shows IDs and addresses")
        }
        for row in doomed { double.delete(id: row.id, namespace: row.namespace) }
        return "removed \(doomed.map(\.id).joined(separator: " "))"
    }

    private func list() -> String {
        let rows = double.registrations.map { row in
            let host = row.address.contains(":") ? "[\(row.address)]" : row.address
            let tags = row.tags.map { $0.isEmpty ? "" : " tags=\($0.joined(separator: ","))" } ?? " tags=null"
            return "\(row.namespace)/\(row.serviceName) \(host):\(row.port)\(tags) \(row.id)"
        }
        return (["\(rows.count) registrations at index \(double.index)"] + rows).joined(separator: "\t")
    }

    private func fault(_ arguments: Arguments) throws -> String {
        guard arguments.plain.count == 1 else {
            let names = FaultCatalogue.names.joined(separator: ", ")
            throw ControlError("the form is: fault NAME [count=N|always] [service=SERVICE] [...]; there are: \(names)")
        }
        let fault = try FaultCatalogue.fault(arguments.plain[0], arguments)
        let isEndless = arguments["count"] == "always"
        let count = isEndless || arguments["count"] == nil ? 1 : try arguments.number("count", in: 1...Int.max)
        double.inject(fault, times: isEndless ? nil : count, service: arguments["service"])
        let times = isEndless ? "every answer until clear-faults" : "the next \(count)"
        return "armed for \(times); blocked queries meet it when they answer ('wake' makes them)"
    }

    private func setIndex(_ arguments: Arguments) throws -> String {
        guard arguments.plain.count == 1, let index = UInt64(arguments.plain[0]) else {
            throw ControlError("the form is: index N, with N from 0 to \(UInt64.max)")
        }
        double.setIndex(index)
        return "index \(double.index)"
    }

    private func rotateToken() throws -> String {
        let old = token.withLockedValue { $0 }
        let new = try double.rotateToken(old, file: tokenFile)
        token.withLockedValue { $0 = new }
        return "wrote a new token to \(tokenFile); the old one fails now"
    }

    /// Acts on the door named, or on every open one.
    private func forDoors(_ arguments: Arguments, _ act: (Door) throws -> Void) throws -> String {
        var doors = double.listeners.withLockedValue { Set($0.keys) }
        if let name = arguments.plain.first {
            guard let door = Door(rawValue: name), arguments.plain.count == 1 else {
                throw ControlError("'\(name)' is no door; there are: task, tcp")
            }
            doors = [door]
        }
        for door in doors { try act(door) }
        return doors.map(\.rawValue).sorted().joined(separator: " ")
    }

    private static func isOn(_ arguments: Arguments, usage: String) throws(ControlError) -> Bool {
        switch arguments.plain {
        case ["on"]: return true
        case ["off"]: return false
        default: throw ControlError("the form is: \(usage)")
        }
    }
}
