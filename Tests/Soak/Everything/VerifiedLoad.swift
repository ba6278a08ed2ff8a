import Foundation
import Traffic

/// One kind of verified traffic: runs of some seconds, one after another, each with a seed of its own.
enum VerifiedLoad: String, CaseIterable {
    case churn, halves, resets, bulk

    /// Backends of each kind; a kind has its own, because a verifying server serves one run at a time.
    static let backends = 3

    var count: Count {
        switch self {
        case .churn: .churn
        case .halves: .halves
        case .resets: .resets
        case .bulk: .bulk
        }
    }

    private func options(seed: UInt64) -> VerifyingClient.Options {
        var options = VerifyingClient.Options()
        options.seed = seed
        options.threads = 1
        switch self {
        case .churn:
            (options.connections, options.concurrency) = (2_000, 48)
            options.endings = [.clientFirst, .serverFirst, .bothAtEnd, .closeAtOnce, .resetAtOnce]
            (options.maximumUpload, options.maximumDownload) = (4 << 10, 4 << 10)
        case .halves:
            (options.connections, options.concurrency) = (400, 32)
            options.endings = [.clientFirst, .serverFirst, .bothAtEnd]
            (options.maximumUpload, options.maximumDownload) = (256 << 10, 256 << 10)
        case .resets:
            (options.connections, options.concurrency) = (400, 32)
            options.endings = Ending.resets
            (options.maximumUpload, options.maximumDownload) = (256 << 10, 256 << 10)
        case .bulk:
            (options.connections, options.concurrency) = (8, 3)
            options.endings = [.bothAtEnd, .clientFirst]
            (options.maximumUpload, options.maximumDownload) = (64 << 20, 64 << 20)
        }
        return options
    }

    /// Run after run until the sign is raised.
    func run(
        to address: TrafficAddress,
        _ servers: [VerifyingServer],
        seed: UInt64,
        _ findings: Findings,
        until sign: StopSign
    ) {
        var run: UInt64 = 0
        while !sign.isRaised {
            let options = options(seed: seed &* 1_000_003 &+ run)
            run += 1
            let report = VerifyingClient.run(options, to: address, servers: servers)
            findings.add(count, report.connections)
            findings.add(.verifiedMebibytes, (report.bytesUp + report.bytesDown) >> 20)
            findings.add(.connectRetries, report.connectRetries)
            if report.totalFaults > 0 { findings.broken("\(rawValue): \(report)") }
        }
    }
}
