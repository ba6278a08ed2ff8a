import ArgumentParser

/// What a command beside `run` asks of a running Fanout.
enum AdminQuestion: Equatable, Sendable {
    case top(AdminAddress, TopOptions)
    case explain(AdminAddress, subject: String?, json: Bool)
    case wait(AdminAddress, timeout: Interval)
}

/// How `fanout top` shows what it reads.
struct TopOptions: Equatable, Sendable {
    /// Between two readings; above zero.
    let interval: Interval
    /// One reading and out, whatever standard output is.
    let once: Bool
    let json: Bool
}

/// A command that talks to the admin endpoint of a running Fanout.
protocol AdminCommand: ParsableCommand {
    var admin: AdminFlags { get }

    func question(of address: AdminAddress, _ environment: [String: String]) throws(UsageError) -> AdminQuestion
}

extension AdminCommand {
    /// What to ask, or what is wrong.
    func invocation(_ environment: [String: String]) -> Invocation {
        do throws(UsageError) {
            return .ask(try question(of: admin.address(environment), environment))
        } catch {
            let name = Self.configuration.commandName ?? ""
            return .refuse(.usage, "fanout: \(error.message)\nfanout \(name) --help lists every flag\n")
        }
    }
}

/// The flag that they share.
struct AdminFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where the Fanout has its admin endpoint (default: \(Setting.adminAddress.variable))",
            valueName: "ADDR|unix:PATH"
        )
    )
    var adminAddress: String?

    func address(_ environment: [String: String]) throws(UsageError) -> AdminAddress {
        let flag = FlagText(Setting.adminAddress.rawValue, adminAddress, environment)
        guard let text = flag.text else {
            throw UsageError(
                "\(flag.origin) is missing: where the Fanout to ask has its admin endpoint, as given to its run"
            )
        }
        do {
            return try AdminAddress(parsing: text)
        } catch {
            throw UsageError(flag.origin, error, got: text)
        }
    }
}

/// A flag of theirs: what was given over its variable, an empty one being none.
struct FlagText {
    let text: String?
    /// What messages call it.
    let origin: String

    /// - Parameter name: without its dashes.
    init(_ name: String, _ given: String?, _ environment: [String: String]) {
        let variable = Setting.variable(of: name)
        let found = environment.nonEmpty(variable)
        text = given ?? found
        origin = given == nil && found != nil ? variable : "--" + name
    }

    /// A time that must not be zero.
    func interval(else standard: String) throws(UsageError) -> Interval {
        let text = text ?? standard
        let interval: Interval
        do throws(InvalidValue) {
            interval = try Interval(parsing: text)
        } catch {
            throw UsageError(origin, error, got: text)
        }
        guard interval > .zero else { throw UsageError("\(origin) must be longer than 0") }
        return interval
    }
}
