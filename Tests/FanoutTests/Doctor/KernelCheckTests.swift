import Glibc
import Reactor
import Testing

@testable import Fanout

@Suite struct KernelCheckTests {
    private func facts(
        _ ring: Result<[String], SystemError> = .success(["splice"]),
        seccomp: Int = 0,
        ringsDisabled: Int? = 0,
        allowsSplice: Bool = true,
        congestion: String? = "cubic"
    ) -> KernelFacts {
        KernelFacts(
            release: "6.1.0",
            ring: ring,
            seccomp: seccomp,
            ringsDisabled: ringsDisabled,
            allowsSplice: allowsSplice,
            congestion: congestion
        )
    }

    private func refused(_ errno: Int32) -> Result<[String], SystemError> {
        .failure(SystemError("io_uring_setup", errno: errno))
    }

    private func kernel(_ facts: KernelFacts, _ driver: DriverChoice = .auto) -> Finding {
        KernelCheck.findings(facts, driver: driver)[0]
    }

    @Test func aRingThatWorksIsFine() {
        for driver in [DriverChoice.auto, .ioUring] {
            let finding = kernel(facts(), driver)
            #expect(finding.verdict == .ok)
            #expect(finding.text.contains("io_uring works with splice"))
            #expect(finding.cure == nil)
        }
    }

    @Test func whoAsksForEpollIsToldNothingOfRings() {
        let finding = kernel(facts(refused(EPERM), seccomp: 2), .epoll)
        #expect(finding.verdict == .ok)
        #expect(finding.text.hasPrefix("epoll"))
    }

    /// Docker's profile answers EPERM, Podman's ENOSYS.
    @Test(arguments: [EPERM, ENOSYS, EACCES])
    func aSeccompProfileIsCuredInTheJobFile(errno: Int32) {
        let finding = kernel(facts(refused(errno), seccomp: 2))
        #expect(finding.verdict == .warning)
        #expect(finding.text.contains("seccomp profile"))
        #expect(
            finding.cure == Cure(.config, #"security_opt = ["seccomp=/etc/nomad.d/fanout-seccomp.json"]"#)
        )
        #expect(kernel(facts(refused(errno), seccomp: 2), .ioUring).verdict == .failure)
    }

    @Test func theSysctlIsNamedBeforeTheProfile() {
        let finding = kernel(facts(refused(EPERM), seccomp: 2, ringsDisabled: 2))
        #expect(finding.cure == Cure(.node, "sysctl -w kernel.io_uring_disabled=0"))
        #expect(finding.text.contains("kernel.io_uring_disabled is 2"))
    }

    @Test(arguments: [ENOSYS, EINVAL])
    func anOldKernelHasNoCureInAJobFile(errno: Int32) {
        let finding = kernel(facts(refused(errno)))
        #expect(finding.text.contains("Linux 6.1.0 is too old"))
        #expect(finding.cure == nil)
    }

    @Test func otherReasonsAreToldApart() {
        #expect(kernel(facts(refused(ENOMEM))).cure == Cure(.config, #"ulimit { memlock = "-1:-1" }"#))
        #expect(kernel(facts(refused(EPERM))).text.contains("security module"))
        #expect(kernel(facts(refused(EMFILE))).text.contains("io_uring_setup: Too many open files"))
    }

    @Test func spliceAndCongestionControl() {
        let poor = KernelCheck.findings(facts(allowsSplice: false, congestion: "bbr"), driver: .auto)
        #expect(poor.contains { $0.text.contains("on loopback our own side uses reno") })
        #expect(poor.map(\.check) == [.kernel, .splice, .congestion])
        #expect(poor.map(\.verdict) == [.ok, .warning, .warning])
        #expect(poor[1].cure == KernelCheck.profile)
        #expect(poor[2].cure == Cure(.node, "sysctl -w net.ipv4.tcp_congestion_control=cubic"))
        #expect(KernelCheck.findings(facts(congestion: nil), driver: .auto).allSatisfy { $0.verdict == .ok })
    }

    @Test func theModeOfSeccompIsRead() {
        #expect(Examination.seccomp(status: "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n") == 2)
        #expect(Examination.seccomp(status: "Name:\tx\nSeccomp_filters:\t1\n") == nil)
    }
}
