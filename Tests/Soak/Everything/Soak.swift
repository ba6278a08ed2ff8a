import Foundation
import Traffic

/// A run of everything: builds the mesh, lets traffic and weather loose, and looks at what is left afterwards.
final class Soak {
    /// How much more anonymous memory the proxy may have in the end than after the first quarter of the time.
    private static let greatestDrift = 1 << 20
    /// Everything is back home within that time after the last connection.
    private static let homecoming = 30.0
    private static let talkers = 24
    private static let progressPause = 5.0
    private static let steady = "steady"

    private let findings: Findings
    private let seed: UInt64
    private let mesh: Mesh
    private let mortals: Mortals
    private let verifying: [[VerifyingServer]]
    private let steadies: [EchoServer]
    private let proxy: Proxy
    private let listeners: [String: TrafficAddress]
    private let sign = StopSign()
    private let crew = Crew()

    init(_ options: ProxyOptions, seed: UInt64, _ findings: Findings) throws {
        self.findings = findings
        self.seed = seed
        mesh = try Mesh(seed: seed)
        mortals = try Mortals()
        verifying = VerifiedLoad.allCases.indices.map { kind in
            (0..<VerifiedLoad.backends).map { index in
                VerifyingServer(.ipv4("127.0.2.\(kind * 10 + index + 1)", port: 0), threads: 1)
            }
        }
        steadies = (0..<3).map { EchoServer(.ipv4("127.0.3.\($0 + 1)", port: 0), greeting: Array("steady\n".utf8)) }
        for (load, servers) in zip(VerifiedLoad.allCases, verifying) {
            for server in servers { mesh.join(load.rawValue, server.address) }
        }
        for server in steadies { mesh.join(Self.steady, server.address) }
        for address in mortals.addresses { mesh.join(Mortals.service, address) }
        let services = VerifiedLoad.allCases.map(\.rawValue) + [Self.steady, Mortals.service]
        let forwards = services.enumerated().flatMap { ["--forward", "127.0.1.\($0.offset + 1):0=\($0.element)"] }
        do {
            // A spare that loses is reset, and the servers expect something of each connection.
            let arguments = forwards + ["--workers", "2", "--hedge-after", "off"]
            proxy = try Proxy(options, arguments, environment: mesh.environment)
            listeners = Dictionary(uniqueKeysWithValues: zip(services, try proxy.listeners(services.count)))
        } catch {
            // The backends end with this process; the folder would stay.
            mesh.end()
            throw error
        }
    }

    func end() {
        sign.raise()
        crew.join()
        proxy.end()
        mortals.end()
        for server in verifying.joined() { server.stop() }
        for server in steadies { server.stop() }
        mesh.end()
    }

    func run(seconds: Double) throws {
        let endpoints = verifying.joined().count + steadies.count + Mortals.count
        let (before, isReady) = try proxy.state(within: 20) { $0.endpoints.count == endpoints }
        guard isReady else { throw Proxy.Failure(description: "endpoints were not found:\n\(proxy.log)") }
        startTraffic()
        startWeather()
        let warm = try watch(seconds: seconds)
        sign.raise()
        crew.join()
        try goHome(to: before, warm: warm)
    }

    private func address(_ service: String) -> TrafficAddress {
        guard let address = listeners[service] else { preconditionFailure("no listener for \(service)") }
        return address
    }

    private func startTraffic() {
        for (load, servers) in zip(VerifiedLoad.allCases, verifying) {
            let address = address(load.rawValue)
            crew.start { [findings, seed, sign] in load.run(to: address, servers, seed: seed, findings, until: sign) }
        }
        for index in 0..<Self.talkers {
            let isMortal = index % 3 != 0
            let talker = Talker(
                address: address(isMortal ? Mortals.service : Self.steady),
                mortals: isMortal ? mortals : nil,
                rests: index % 2 == 0,
                findings: findings,
                sign: sign,
                random: SeededGenerator(seed: seed &+ UInt64(index + 100))
            )
            crew.start {
                var talker = talker
                talker.run()
            }
        }
    }

    private func startWeather() {
        for (index, kind) in Weather.allCases.enumerated() {
            crew.start { [mesh, mortals, proxy, seed, findings, sign] in
                kind.run(mesh, mortals, proxy, seed: seed &+ UInt64(index), findings, until: sign)
            }
        }
    }

    /// Says how it goes until the time is over or the proxy is; returns its memory after the first quarter.
    private func watch(seconds: Double) throws -> ProcessFigures {
        let began = Clock.now
        var warm: ProcessFigures?
        var nextLine = began + Self.progressPause
        while Clock.now < began + seconds {
            usleep(50_000)
            guard proxy.isRunning else {
                sign.raise()
                throw Proxy.Failure(description: "the proxy ended by itself:\n\(proxy.log)")
            }
            if warm == nil && Clock.now > began + seconds / 4 { warm = try proxy.figures() }
            if Clock.now > nextLine {
                nextLine += Self.progressPause
                try say(Int(Clock.now - began))
            }
        }
        return try warm ?? proxy.figures()
    }

    private func say(_ second: Int) throws {
        let state = try proxy.state()
        findings.add(.dumps)
        let verified = findings[.churn] + findings[.halves] + findings[.resets] + findings[.bulk]
        let figures = try proxy.figures()
        Terminal.say(
            "\(second) s: \(verified) verified connections, \(findings[.verifiedMebibytes]) MiB, "
                + "\(findings[.messages]) messages; \(findings[.kills]) kills, \(findings[.stops]) stops, "
                + "\(findings[.flaps]) flaps, \(findings[.cutOff]) cut off; \(state["connections"]) open, "
                + "\(state["descriptors"]) descriptors, RSS \(Terminal.mebibytes(figures.resident)); "
                + "\(findings.broken) broken"
        )
    }

    /// Nothing of all the connections is left, and the process goes in order.
    private func goHome(to before: ProxyState, warm: ProcessFigures) throws {
        mesh.heal()
        proxy.signal(SIGHUP)
        let wanted = before.holdings
        let (after, isHome) = try proxy.state(within: Self.homecoming) {
            $0.holdings == wanted && $0.endpoints.count == before.endpoints.count
        }
        if !isHome {
            for (name, value) in after.holdings.sorted(by: { $0.key < $1.key }) where value != wanted[name] {
                findings.broken("\(name) after everything: \(value), before: \(wanted[name] ?? 0)")
            }
            findings.expect("endpoints known", after.endpoints.count, is: before.endpoints.count)
        }
        let figures = try proxy.figures()
        let drift = figures.anonymous - warm.anonymous
        Terminal.say(
            "home: \(after.holdings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))\n"
                + "RSS \(Terminal.mebibytes(figures.resident)), anonymous \(Terminal.mebibytes(figures.anonymous)), "
                + "after the first quarter \(Terminal.mebibytes(warm.anonymous)): "
                + "drift \(drift >> 10) KiB (at most \(Self.greatestDrift >> 10)), "
                + "\(Terminal.number(Double(drift) * 100 / Double(warm.resident))) % of RSS"
        )
        if drift > Self.greatestDrift { findings.broken("anonymous memory grew by \(Terminal.mebibytes(drift))") }
        guard let code = proxy.drain() else {
            findings.broken("the drain did not end:\n\(proxy.log)")
            return
        }
        findings.expect("exit code of the drain", code, is: 0)
        let records = after.total("accepted") + after.total("rejected")
        findings.expect(
            "lines of the access log and records dropped",
            proxy.accessLines + after.total("access_records_dropped"),
            is: records
        )
    }
}
