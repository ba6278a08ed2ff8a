import Foundation
import Reactor
import Testing

@testable import Fanout

@Suite struct NomadCheckTests {
    private func socket(_ errno: Int32?, owner: UInt32? = 1000) -> Finding {
        let error = errno.map { SystemError("connect", errno: $0) }
        return NomadCheck.finding(.socket(path: "/secrets/api.sock", error: error, owner: owner, user: 65534))
    }

    @Test func theSocketOfTheTaskAPI() {
        #expect(socket(nil).verdict == .ok)
        #expect(socket(ENOENT).text.contains("older than Nomad 1.5"))
        #expect(socket(ENOENT).cure?.place == .task)
        #expect(socket(EACCES).text.contains("user 65534, it is user 1000's"))
        #expect(socket(EACCES).cure == Cure(.task, #"user = "65534""#))
        #expect(socket(ECONNREFUSED).text.contains("nobody listens"))
        #expect([ENOENT, EACCES, ECONNREFUSED, EAGAIN].allSatisfy { socket($0).verdict == .failure })
    }

    @Test func otherWays() {
        #expect(NomadCheck.finding(.notNeeded).verdict == .ok)
        #expect(NomadCheck.finding(.network("http://127.0.0.1:4646")).verdict == .ok)
        #expect(NomadCheck.finding(.noAddress).verdict == .failure)
        #expect(NomadCheck.finding(.invalid("no such file")).text == "no such file")
    }

    private func token(
        _ state: TokenFacts.State,
        mode: UInt32? = 0o644,
        isExplicit: Bool = false,
        isDemanded: Bool = true
    ) -> Finding {
        NomadCheck.finding(
            TokenFacts(
                file: "/secrets/nomad_token",
                state: state,
                mode: mode,
                isExplicit: isExplicit,
                isDemanded: isDemanded,
                now: 1_000_000
            )
        )
    }

    @Test func theTokenThatNomadWrites() {
        #expect(token(.found(expiry: nil)) == .ok(.token, "/secrets/nomad_token holds a token"))
        #expect(token(.found(expiry: 1_003_600)).text.hasSuffix("good for another 3600 s"))
        let expired = token(.found(expiry: 999_940))
        #expect(expired.verdict == .failure)
        #expect(expired.text.contains("expired 60 s ago"))
    }

    @Test func withoutATokenTheTaskAPIAnswersNothing() {
        let missing = [
            token(.absent), token(.malformed), token(.unreadable(SystemError("open x", errno: EACCES)), mode: 0o600),
            token(.unreadable(SystemError("open x", errno: EISDIR))),
        ]
        #expect(missing.allSatisfy { $0.verdict == .failure && $0.cure == Cure(.task, "identity { file = true }") })
        #expect(missing[2].text.contains("mode 600"))
        #expect(token(.absent, isDemanded: false).verdict == .ok)
    }

    @Test func aTokenOfOnesOwnIsNotForOthers() {
        let open = token(.found(expiry: nil), isExplicit: true)
        #expect(open.verdict == .warning)
        #expect(open.cure == Cure(.node, "chmod 600 /secrets/nomad_token"))
        #expect(token(.found(expiry: nil), mode: 0o600, isExplicit: true).verdict == .ok)
    }

    @Test func theFactsHoldNoToken() {
        let secret = "eyJhbGciOiJub25lIn0.eyJleHAiOjEyMzQ1fQ.c2VjcmV0"
        let facts = TokenFacts(
            .token(secret),
            explicitFile: nil,
            environment: ["NOMAD_TOKEN": secret],
            isDemanded: true
        )
        #expect(facts.state == .found(expiry: 12345))
        #expect(facts.file == nil)
        #expect(!"\(facts)".contains(secret.split(separator: ".")[2]))
    }

    @Test(
        arguments: [
            // {"exp":12345}, {"exp":12345.9}, {"sub":"a?>"} and so on, in the alphabet of URLs.
            ("e30.eyJleHAiOjEyMzQ1fQ.x", 12345), ("e30.eyJleHAiOjEyMzQ1Ljl9.x", 12345),
            ("e30.eyJzdWIiOiJhPz4ifQ.x", nil),
            ("e30.eyJleHAiOi0xfQ.x", nil), ("e30.!.x", nil), ("e30..x", nil),
            ("8dc2bd7d-6ba1-4d3c-8b9f-3a1d1f0a7b61", nil),
        ] as [(String, UInt64?)]
    )
    func expiries(token: String, expiry: UInt64?) {
        #expect(WebToken.expiry(of: token) == expiry)
    }

    private func service(_ answer: Result<ServiceFacts.Answer, DiscoveryFailure>) -> Finding {
        ServiceCheck.finding(ServiceFacts(name: "redis", namespace: "default", answer: answer))
    }

    @Test func services() {
        let known = service(.success(.init(index: 12, usable: 3, skipped: [.canary: 1])))
        #expect(known == .ok(.service, "redis in namespace default: 3 endpoints (not usable: 1 canary), index 12"))
        let unknown = service(.success(.init(index: 12, usable: 0, skipped: [:])))
        #expect(unknown.verdict == .warning)
        #expect(unknown.cure == Cure(.service, #"provider = "nomad""#))
        let portless = service(.success(.init(index: 12, usable: 0, skipped: [.invalidPort: 2])))
        #expect(portless.text.contains("2 invalid_port"))
        #expect(portless.cure == Cure(.service, #"port = "redis""#))
        let refused = service(.failure(.refused(status: 403, body: "Permission denied")))
        #expect(refused.verdict == .failure)
        #expect(refused.cure == NomadCheck.identity)
        #expect(service(.failure(.timedOut(.answer))).verdict == .failure)
    }

    @Test func names() {
        #expect(ServiceCheck.finding(host: "db", .success(1)) == .ok(.endpoint, "db has 1 address"))
        #expect(ServiceCheck.finding(host: "db", .failure(LookupError(reason: "no"))).verdict == .warning)
    }
}
