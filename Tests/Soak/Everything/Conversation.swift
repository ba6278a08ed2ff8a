import Foundation
import Traffic

/// Long connections with requests and answers on them, one after another, until the sign is raised.
struct Talker {
    private static let patience = 30.0
    private static let mostMessages = 400
    private static let longestRest = 0.2

    let address: TrafficAddress
    /// Whose death excuses a reset; nil where nobody dies.
    let mortals: Mortals?
    /// Whether it rests between its messages: such connections live for half a minute, the others are always busy.
    let rests: Bool
    let findings: Findings
    let sign: StopSign
    var random: SeededGenerator

    mutating func run() {
        while !sign.isRaised { talk() }
    }

    private mutating func talk() {
        let began = Clock.now
        var backend: String?
        do throws(LineClient.Failure) {
            let client = try LineClient(to: address, within: Self.patience)
            defer { client.close() }
            backend = try client.readLine(within: Self.patience)
            try exchange(client)
            client.halfClose()
            let rest = try client.readUntilEnd(within: Self.patience)
            if !rest.bytes.isEmpty { findings.broken("\(rest.bytes.count) bytes after the last answer") }
            if rest.end == .reset { throw .reset }
            findings.add(.conversations)
        } catch {
            judge(error, began: began, backend: backend)
        }
    }

    private mutating func exchange(_ client: LineClient) throws(LineClient.Failure) {
        for _ in 0..<Int.random(in: 1...Self.mostMessages, using: &random) where !sign.isRaised {
            let size = 1 << Int.random(in: 0...15, using: &random)
            let message = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            try client.sendAll(message, within: Self.patience)
            guard try client.readExactly(size, within: Self.patience) == message else {
                findings.broken("a wrong byte in an answer of \(size) bytes")
                return
            }
            findings.add(.messages)
            if rests { _ = sign.rest(Double.random(in: 0...Self.longestRest, using: &random)) }
        }
    }

    /// A connection may break only with its backend, and then it must look broken.
    private func judge(_ failure: LineClient.Failure, began: Double, backend: String?) {
        let who = "\(address) behind \(backend ?? "nobody yet"), after \(Terminal.number(Clock.now - began)) s"
        switch failure {
        case .reset:
            guard let mortals, mortals.hasDied(backend, since: began) else {
                findings.broken("a reset although its backend lives: \(who)")
                return
            }
            findings.add(.cutOff)
            if backend == nil { findings.add(.cutOffEarly) }
        case .endOfStream: findings.broken("a clean end in the middle of an answer: \(who)")
        case .deadline: findings.broken("no answer: \(who)")
        case .system(let code): findings.broken("errno \(code): \(who)")
        }
    }
}
