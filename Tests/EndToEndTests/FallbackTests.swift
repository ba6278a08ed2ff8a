import Foundation
import Testing
import Traffic

/// Where io_uring is refused, epoll takes its place, and the log says why and what would change it.
@Suite(.serialized)
struct FallbackTests {
    /// io_uring_setup(2), the same number on every architecture.
    private static let setup = 425
    /// io_uring_register(2): a profile may allow the one and not the other.
    private static let register = 427
    /// io_uring_enter(2): so that a ring can be made, and nothing done with it.
    private static let enter = 426

    /// Docker's and containerd's profiles answer EPERM, Podman's ENOSYS.
    @Test(arguments: [(setup, EPERM), (register, EPERM), (enter, EPERM), (setup, EACCES), (setup, ENOSYS)])
    func aSeccompProfileWithoutIoUringMeansEpoll(refused: Int, error: Int32) throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try FanoutProcess(
            ["--endpoint", server.address.description, "--listen-address", "127.0.0.1:0"],
            environment: ["FANOUT_DRIVER": "auto"],
            refusing: [(refused, error)]
        )
        defer { fanout.stop() }
        let client = try LineClient(to: fanout.address())
        try client.sendAll("hello\n")
        #expect(try client.readLine() == "hello")
        client.close()
        let started = try #require(fanout.messages("fanout started").first)
        #expect(started["driver"] as? String == "epoll")
        #expect((started["driver_reason"] as? String ?? "").contains("security_opt"))
        let line = try #require(fanout.messages("io_uring cannot be used, epoll takes its place").first)
        #expect(line["level"] as? String == "warning")
        #expect((line["reason"] as? String ?? "").contains(#"security_opt = ["seccomp=unconfined"]"#))
        #expect(try fanout.quit() == 0)
    }

    /// What is refused is a matter of permission; what is not there is none.
    @Test(
        arguments: [
            (EPERM, 77, "refused by a seccomp profile"), (EACCES, 77, "refused by a security module"),
            (ENOSYS, 1, "this kernel has none"),
        ] as [(Int32, Int32, String)]
    )
    func whoAsksForIoUringGetsNothingElse(error: Int32, code: Int32, reason: String) throws {
        let fanout = try FanoutProcess(
            ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0", "--driver", "io_uring"],
            refusing: [(Self.setup, error)]
        )
        defer { fanout.stop() }
        #expect(try fanout.exitCode() == code)
        try fanout.wait("the reason") { fanout.output.contains("cannot use io_uring: \(reason)") }
    }

    @Test(arguments: ["io_uring", "epoll"])
    func theDriverThatIsAskedForIsUsed(driver: String) throws {
        let fanout = try FanoutProcess(
            ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0", "--driver", driver]
        )
        defer { fanout.stop() }
        _ = try fanout.address()
        let started = try #require(fanout.messages("fanout started").first)
        #expect(started["driver"] as? String == driver)
        #expect(started["driver_reason"] as? String == "as --driver asks")
        #expect(fanout.messages("io_uring cannot be used, epoll takes its place").isEmpty)
        #expect(try fanout.quit() == 0)
    }

    @Test func whatAutoHasChosenIsSaidWithItsReason() throws {
        let fanout = try FanoutProcess(
            ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"],
            environment: ["FANOUT_DRIVER": "auto"]
        )
        defer { fanout.stop() }
        let status = try fanout.admin().json("/status")
        #expect(status["driver"] as? String == "io_uring")
        #expect(status["driver_reason"] as? String == "io_uring works")
        let started = try #require(fanout.messages("fanout started").first)
        #expect(started["driver_reason"] as? String == "io_uring works")
        #expect(try fanout.quit() == 0)
    }

    /// splice(2) is no loss of function either: bulk is copied then.
    @Test func withoutSpliceBulkIsCopied() throws {
        let splice = 275
        let rig = try StreamRig(refusing: [(splice, EPERM)])
        let started = try #require(rig.fanout.messages("fanout started").first)
        #expect((started["kernel_lacks"] as? String ?? "").contains("splice"))
        let ends = try rig.connect()
        try StreamPeer.fill([ends.client])
        ends.client.toSend = 8 << 20
        ends.upstream.toReceive = 8 << 20
        try StreamPeer.move([ends.client, ends.upstream])
        #expect(try rig.total("spliced_bytes") == 0)
        ends.client.close()
        ends.upstream.close()
        try rig.expectHome()
    }
}
