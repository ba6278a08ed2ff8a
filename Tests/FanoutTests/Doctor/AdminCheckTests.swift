import Glibc
import Reactor
import Testing

@testable import Fanout

@Suite struct AdminCheckTests {
    private func findings(
        _ errno: Int32?,
        address: String = "127.0.0.1:9102",
        port: UInt16 = 9102,
        holder: ListenHolder? = nil,
        file: AdminFacts.File = .none,
        isLocal: Bool = true
    ) -> [Finding] {
        let error = errno.map { SystemError("bind", errno: $0) }
        let listen = ListenFacts(address: address, port: port, error: error, holder: holder)
        return AdminCheck.findings(AdminFacts(listen: listen, file: file, isLocal: isLocal))
    }

    private let socket = Cure(.arguments, #""--admin-address", "unix:/alloc/tmp/fanout.sock","#)
    private let path = "unix:/alloc/tmp/fanout.sock"

    @Test func aFreeAddressIsFine() {
        #expect(findings(nil) == [.ok(.admin, "127.0.0.1:9102 is free")])
        let stale = findings(nil, address: path, port: 0, file: .socket)
        #expect(stale.map(\.verdict) == [.ok])
        #expect(stale[0].text.contains("a process that is gone has left its socket file"))
    }

    @Test func whoHoldsATakenAddressIsSaid() {
        let other = findings(EADDRINUSE, holder: ListenHolder(pid: 12, name: "node_exporter"))
        #expect(other.map(\.verdict) == [.failure])
        #expect(other[0].text == "127.0.0.1:9102 is taken by node_exporter (process 12)")
        #expect(other[0].cure == socket)
        #expect(findings(EADDRINUSE)[0].cure == socket)
        let own = findings(
            EADDRINUSE,
            address: path,
            port: 0,
            holder: ListenHolder(pid: 7, name: "fanout"),
            file: .socket
        )
        #expect(own.map(\.verdict) == [.warning])
        #expect(own[0].text.contains("held by fanout itself (process 7)"))
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() {
        let finding = findings(EADDRINUSE, address: path, port: 0, file: .other)[0]
        #expect(finding.verdict == .failure)
        #expect(finding.text.contains("a file that is no socket is there"))
    }

    @Test func permissionsAndFolders() {
        #expect(findings(EACCES, address: "127.0.0.1:80", port: 80)[0].cure?.line == #"cap_add = ["net_bind_service"]"#)
        #expect(findings(EACCES, address: "unix:/root/x.sock", port: 0)[0].cure == socket)
        #expect(findings(ENOENT, address: "unix:/none/x.sock", port: 0)[0].cure == socket)
        let absent = findings(EADDRNOTAVAIL, address: "10.9.9.9:9102")[0]
        #expect(absent.cure == Cure(.arguments, #""--admin-address", "127.0.0.1:9102","#))
        #expect(absent.check == .admin && absent.verdict == .failure)
    }

    /// It tells everything to everybody, so that who can ask is worth a look, whether it is free or not.
    @Test func whatOthersReachIsAWarning() {
        for errno in [nil, EADDRINUSE] {
            let finding = findings(errno, address: ":9102", isLocal: false)
            #expect(finding.count == 2)
            #expect(finding[1].verdict == .warning)
            #expect(finding[1].text.contains(":9102 is not loopback"))
            #expect(finding[1].cure == Cure(.arguments, #""--admin-address", "127.0.0.1:9102","#))
        }
    }
}
