import Foundation
import NomadDouble
import struct Traffic.SeededGenerator

/// What befalls a mesh while traffic runs: endpoints come and go, backends die, the API fails, signals arrive.
enum Weather: CaseIterable {
    case flaps, deaths, interface, signals
    /// The proxy gets no processor for a moment: what has happened meanwhile is there all at once.
    case pauses

    /// In microseconds.
    private static let longestPause: UInt32 = 30_000

    /// Seconds between two events.
    private var rests: ClosedRange<Double> {
        switch self {
        case .flaps: 0.02...0.2
        case .deaths: 0.05...0.2
        case .interface: 0.1...0.8
        case .signals: 0.3...2
        case .pauses: 0.02...0.3
        }
    }

    func run(_ mesh: Mesh, _ mortals: Mortals, _ proxy: Proxy, seed: UInt64, _ findings: Findings, until sign: StopSign)
    {
        var random = SeededGenerator(seed: seed)
        while sign.rest(Double.random(in: rests, using: &random)) {
            do {
                switch self {
                case .flaps: if mesh.flap(&random) { findings.add(.flaps) }
                case .deaths: try mortals.strike(&random, findings, sign)
                case .interface: try disturb(mesh, &random, findings, sign)
                case .signals:
                    proxy.signal(SIGHUP)
                    findings.add(.signals)
                case .pauses:
                    proxy.signal(SIGSTOP)
                    usleep(UInt32.random(in: 1_000...Self.longestPause, using: &random))
                    proxy.signal(SIGCONT)
                    findings.add(.pauses)
                }
            } catch {
                findings.broken("the soak itself failed at \(self): \(error)")
                return
            }
        }
    }

    private func disturb(
        _ mesh: Mesh,
        _ random: inout SeededGenerator,
        _ findings: Findings,
        _ sign: StopSign
    ) throws {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            try mesh.rotateToken()
            findings.add(.rotations)
        case 1:
            try mesh.restartAPI()
            findings.add(.interfaceRestarts)
        case 2:
            try mesh.crashAPI(for: Double.random(in: 0...1, using: &random), sign)
            findings.add(.interfaceRestarts)
        case _:
            let fault = Self.faults.randomElement(using: &random) ?? .agentShutdown
            mesh.nomad.inject(fault, times: Int.random(in: 1...6, using: &random))
            mesh.nomad.releaseParkedQueries()
            findings.add(.interfaceFaults)
            _ = sign.rest(Double.random(in: 0...0.6, using: &random))
            mesh.nomad.clearFaults()
            // Whoever hangs in an answer is set free.
            if fault == .framing(.silence) { try mesh.restartAPI() }
        }
    }

    private static let faults: [Fault] = [
        .status(500, body: "rpc error: No cluster leader"), .status(403, body: "Permission denied"),
        .tooManyConnections, .agentShutdown, .index(.missing), .index(.text("0")), .index(.lower(by: 5)),
        .body(.truncated), .body(.null), .body(.empty), .body(.invalidUTF8), .body(.wrongTypes),
        .framing(.silence), .framing(.endBeforeContentLength), .framing(.endBeforeLastChunk),
        .framing(.dribbleBody(milliseconds: 2)), .framing(.reset), .framing(.twice), .framing(.connectionClose),
    ]
}
