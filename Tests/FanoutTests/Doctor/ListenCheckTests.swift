import Glibc
import Reactor
import Testing

@testable import Fanout

@Suite struct ListenCheckTests {
    private func finding(
        _ errno: Int32?,
        address: String = "127.0.0.1:80",
        port: UInt16 = 80,
        _ holder: ListenHolder? = nil,
        use: ListenUse = .service
    )
        -> Finding
    {
        let error = errno.map { SystemError("bind", errno: $0) }
        return ListenCheck.finding(ListenFacts(address: address, port: port, error: error, holder: holder), use: use)
    }

    @Test func aFreeAddressIsFine() {
        #expect(finding(nil) == .ok(.listen, "127.0.0.1:80 is free"))
    }

    @Test func whoHoldsATakenAddressIsSaid() {
        let other = finding(EADDRINUSE, ListenHolder(pid: 12, name: "nginx"))
        #expect(other.verdict == .failure)
        #expect(other.text.contains("taken by nginx (process 12)"))
        #expect(finding(EADDRINUSE).verdict == .failure)
    }

    /// Asked inside the container of a sidecar that runs, this is what is right.
    @Test func itselfIsNoFailure() {
        let own = finding(EADDRINUSE, ListenHolder(pid: 7, name: "fanout"))
        #expect(own.verdict == .warning)
        #expect(own.text.contains("process 7"))
    }

    @Test func permissionsAndFolders() {
        #expect(finding(EACCES).cure == Cure(.config, #"cap_add = ["net_bind_service"]"#))
        let socket = finding(EACCES, address: "unix:/root/x.sock", port: 0)
        #expect(socket.text.contains("cannot be written"))
        #expect(socket.cure?.place == .flag)
        #expect(finding(ENOENT, address: "unix:/none/x.sock", port: 0).text.contains("no such folder"))
        #expect(finding(EADDRNOTAVAIL).text.contains("no such address"))
        #expect([finding(EACCES), socket, finding(EADDRNOTAVAIL)].allSatisfy { $0.verdict == .failure })
    }

    /// `--listen-address` is refused beside `--forward`, and would be for another service.
    @Test func aForwardIsCuredByAForward() {
        let use = ListenUse.forward(source: "redis@data")
        let taken = finding(EADDRINUSE, use: use)
        #expect(taken.cure == Cure(.arguments, #""--forward", "127.0.0.1:0=redis@data","#))
        #expect(finding(EADDRNOTAVAIL, use: use).cure?.line == #""--forward", "127.0.0.1:80=redis@data","#)
        #expect(finding(ENOENT, address: "unix:/none/x.sock", port: 0, use: use).cure?.place == .arguments)
        #expect(finding(EADDRINUSE).cure == Cure(.flag, "--listen-address 127.0.0.1:0"))
    }

    @Test func listenersAreFoundInTheTables() {
        let tcp = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0
               1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0
               2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0
            """
        #expect(ListenHolder.listening(on: 8080, table: tcp) == ["socket:[4711]"])
        #expect(ListenHolder.listening(on: 1, table: tcp).isEmpty)
        let unix = """
            Num       RefCount Protocol Flags    Type St Inode Path
            0000000000000000: 00000002 00000000 00010000 0001 01 51 /run/a b.sock
            0000000000000000: 00000003 00000000 00000000 0001 03 52 /run/a b.sock
            """
        #expect(ListenHolder.listening(on: "/run/a b.sock", table: unix) == ["socket:[51]"])
        #expect(ListenHolder.listening(on: "/run/a", table: unix).isEmpty)
    }

    @Test func aListenerOfThisProcessIsFound() throws {
        let wanted = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        let listener = try ListeningSocket(
            wanted,
            workers: 1,
            dualStack: false
        )
        defer { for descriptor in listener.descriptors { Socket.closeGracefully(descriptor) } }
        let holder = try #require(ListenHolder.find(.address(listener.address)))
        #expect(holder.pid == getpid())
        #expect(!holder.name.isEmpty)
    }
}
