import Testing

@testable import Fanout

@Suite struct LimitCheckTests {
    /// Descriptors, then memory, with two workers and one listener; `connections` as --max-connections.
    private func findings(descriptors: Int, mebibytes: UInt64?, connections: Int? = nil) -> [Finding] {
        let memory = mebibytes.map { MemoryLimit(bytes: $0 << 20, source: "cgroup") }
        let machine = Machine(affinity: 2, cpuQuota: nil, descriptors: descriptors, memory: memory)
        let capacity = ConnectionCapacity(machine: machine, workers: 2, listeners: 1, hasAdmin: false)
        let limit = connections.map { ConnectionLimit(count: $0, reason: "as given") } ?? capacity.defaultLimit
        return LimitCheck.findings(capacity, limit)
    }

    @Test func enoughIsFine() {
        let findings = findings(descriptors: 65536, mebibytes: 64)
        #expect(findings.map(\.check) == [.descriptors, .memory])
        #expect(findings.map(\.verdict) == [.ok, .ok])
        #expect(findings[0].text.contains("--max-connections is 1792"))
        #expect(self.findings(descriptors: 65536, mebibytes: nil)[1].text == "no limit")
    }

    @Test func fewDescriptorsAreCuredByTheUlimit() {
        let finding = findings(descriptors: 1024, mebibytes: nil)[0]
        #expect(finding.verdict == .warning)
        #expect(finding.text == "1024 (RLIMIT_NOFILE) have room for 443 connections, 1000 would be better")
        #expect(finding.cure == Cure(.config, #"ulimit { nofile = "65536:65536" }"#))
    }

    @Test func whoWantsFewConnectionsNeedsNoMore() {
        let findings = findings(descriptors: 1024, mebibytes: 40, connections: 100)
        #expect(findings.map(\.verdict) == [.ok, .ok])
    }

    @Test func noneAtAllIsAFailure() {
        let findings = findings(descriptors: 100, mebibytes: 16)
        #expect(findings.map(\.verdict) == [.failure, .failure])
        #expect(findings[0].text.contains("are too few for one connection: 140 are needed"))
        #expect(findings[1].text.contains("the process with 2 workers takes"))
        // That, and 16 KiB for each of a thousand.
        let cured = UInt64(findings[1].cure?.line.dropFirst("memory = ".count) ?? "") ?? 0
        #expect(self.findings(descriptors: 65536, mebibytes: cured)[1].verdict == .ok)
    }

    @Test func theCureForMemoryIsEnough() {
        let finding = findings(descriptors: 65536, mebibytes: 40, connections: 5000)[1]
        #expect(finding.verdict == .warning)
        let cured = UInt64(finding.cure?.line.dropFirst("memory = ".count) ?? "") ?? 0
        #expect(findings(descriptors: 65536, mebibytes: cured, connections: 5000)[1].verdict == .ok)
        #expect(findings(descriptors: 65536, mebibytes: cured - 1, connections: 5000)[1].verdict == .warning)
    }
}
