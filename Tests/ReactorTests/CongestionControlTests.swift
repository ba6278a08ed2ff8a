import Foundation
import Glibc
import Testing

@testable import Reactor

@Suite
struct CongestionControlTests {
    private static let setting = "/proc/sys/net/ipv4/tcp_congestion_control"

    private static func read(_ path: String) -> String {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func theUsualOneIsTheMachines() {
        #expect(CongestionControl.usual == Self.read(Self.setting))
    }

    @Test func acceptedSocketsInheritTheOneThatDoesNotPace() throws {
        let listener = try TestListener(workers: 1)
        for descriptor in listener.descriptors { CongestionControl.doNotPace(descriptor) }
        let client = try Loopback.connected(to: listener.address)
        let accepted = try listener.accepted()
        #expect(CongestionControl.name(of: accepted.number) == "reno")
        #expect(CongestionControl.name(of: client.number) == CongestionControl.usual)
    }

    /// Where the kernel has it, and lets us have a network of our own.
    private static var canHaveBBR: Bool {
        read("/proc/sys/net/ipv4/tcp_available_congestion_control").contains("bbr") && getuid() == 0
    }

    @Test(.enabled(if: canHaveBBR)) func onLoopbackNothingIsPaced() async {
        await #expect(processExitsWith: .success) {
            try CongestionControlTests.leaveNetwork()
            try "bbr".write(toFile: CongestionControlTests.setting, atomically: false, encoding: .utf8)
            try CongestionControlTests.raiseLoopback()
            #expect(CongestionControl.isPaced)
            for (address, name) in [([127, 0, 0, 1], "reno"), ([0, 0, 0, 0], "bbr")] as [([UInt8], String)] {
                let wanted = SocketAddress(ipv4: address, port: 0)
                let listener = try ListeningSocket(wanted, workers: 2, dualStack: false)
                for descriptor in listener.descriptors { #expect(CongestionControl.name(of: descriptor) == name) }
            }
        }
    }

    /// unshare(2), which Swift's Glibc does not show.
    private static func leaveNetwork() throws {
        typealias Unshare = @convention(c) (Int32) -> Int32
        let unshare = unsafe dlsym(nil, "unshare")
        let newNetwork: Int32 = 0x4000_0000
        let code = unsafe unsafeBitCast(unshare, to: Unshare.self)(newNetwork)
        try #require(code == 0)
    }

    /// netdevice(7)
    private static func raiseLoopback() throws {
        var request = unsafe ifreq()
        unsafe withUnsafeMutableBytes(of: &request) { unsafe $0.copyBytes(from: "lo".utf8) }
        unsafe request.ifr_ifru.ifru_flags = Int16(IFF_UP)
        let socket = Socket.stream(family: AF_INET)
        defer { Socket.closeGracefully(socket) }
        let code = unsafe ioctl(socket, UInt(SIOCSIFFLAGS), &request)
        try #require(code == 0)
    }
}
