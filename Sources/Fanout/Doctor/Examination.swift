import Glibc
import NIOPosix
import Reactor

/// Looks at everything that a run would meet, by doing what a run does; changes nothing that stays.
struct Examination {
    let configuration: Configuration
    let environment: [String: String]
    let machine: Machine
    var read: FileReader = SystemFile.read

    func findings() -> [Finding] {
        let capacity = ConnectionCapacity(
            machine: machine,
            workers: configuration.workers.count,
            listeners: configuration.services.count,
            hasAdmin: configuration.admin != nil
        )
        return KernelCheck.findings(kernel(), driver: configuration.driver)
            + LimitCheck.findings(capacity, configuration.connections)
            + configuration.services.map { ListenCheck.finding(listen($0.listen), use: Self.use(of: $0)) }
            + (configuration.admin.map { AdminCheck.findings(admin($0)) } ?? [])
            + names().map { ServiceCheck.finding(host: $0, NameLookup.addresses(of: $0).map(\.count)) }
            + nomad()
    }

    // MARK: The machine

    private func kernel() -> KernelFacts {
        KernelFacts(
            release: word("/proc/sys/kernel/osrelease") ?? "of unknown version",
            ring: Self.tryRing(),
            seccomp: Self.seccomp(status: read("/proc/self/status") ?? ""),
            ringsDisabled: word("/proc/sys/kernel/io_uring_disabled").flatMap { Int($0) },
            allowsSplice: KernelFeatures.allowsSplice,
            congestion: word("/proc/sys/net/ipv4/tcp_congestion_control")
        )
    }

    private static func tryRing() -> Result<[String], SystemError> {
        do throws(SystemError) {
            let driver = try UringDriver(wakeup: Wakeup())
            return .success(driver.features.names(present: true))
        } catch {
            return .failure(error)
        }
    }

    /// The mode of seccomp(2) in /proc/self/status; nil where the kernel has none.
    static func seccomp(status: String) -> Int? {
        status.split(separator: "\n").first { $0.hasPrefix("Seccomp:") }
            .flatMap { $0.split(whereSeparator: \.isWhitespace).last }.flatMap { Int($0) }
    }

    private func word(_ path: String) -> String? {
        read(path)?.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }

    // MARK: Addresses

    private func listen(_ address: ListenAddress) -> ListenFacts {
        var failure: SystemError?
        do throws(SystemError) {
            guard let wanted = address.socketAddress else { throw SystemError("bind", errno: EINVAL) }
            let listener = try ListeningSocket(
                wanted,
                workers: 1,
                dualStack: address.isDualStack
            )
            // Takes the file of a unix socket away again.
            listener.refuseNewConnections()
            for descriptor in listener.descriptors { Socket.closeGracefully(descriptor) }
        } catch {
            failure = error
        }
        return ListenFacts(
            address: address.description,
            port: address.port,
            error: failure,
            holder: failure?.errno == EADDRINUSE ? ListenHolder.find(address) : nil
        )
    }

    private static func use(of service: ServiceConfiguration) -> ListenUse {
        service.isForwarded ? .forward(source: service.source.description) : .service
    }

    private func admin(_ address: ListenAddress) -> AdminFacts {
        // Before it is bound, which replaces what a dead process has left.
        let file = address.unixPath.flatMap(FileStatus.of)
        return AdminFacts(
            listen: listen(address),
            file: file.map { $0.isSocket ? .socket : .other } ?? .none,
            isLocal: address.isLocal
        )
    }

    /// Of the fixed endpoints.
    private func names() -> [String] {
        let hosts = configuration.services.flatMap { service -> [String] in
            switch service.source {
            case .nomad: []
            case .fixed(let places): places.map(\.host).filter { !HostName.isNumeric($0) }
            }
        }
        return Set(hosts).sorted()
    }

    // MARK: Nomad

    private func nomad() -> [Finding] {
        guard configuration.needsNomad else { return [NomadCheck.finding(.notNeeded)] }
        let settings: DiscoverySettings
        let address: NomadAddress
        do throws(NomadSetupError) {
            settings = try DiscoverySettings(configuration, environment: environment)
            address = try settings.usableAddress()
        } catch {
            switch error {
            case .noAddress: return [NomadCheck.finding(.noAddress)]
            case .invalid(let why): return [NomadCheck.finding(.invalid(why))]
            }
        }
        let way = Self.way(to: address)
        let identity = WorkloadIdentity(explicitFile: settings.tokenFile, environment: environment) { _ in }
        let reading = identity.current()
        let token = TokenFacts(
            reading,
            explicitFile: settings.tokenFile,
            environment: environment,
            isDemanded: address.demandsToken
        )
        var findings = [NomadCheck.finding(way), NomadCheck.finding(token)]
        // Without a connection or a token the queries would only say so again.
        guard findings.allSatisfy({ $0.verdict != .failure }) else { return findings }
        let subjects = configuration.services.compactMap { service -> (String, String)? in
            switch service.source {
            case .nomad(let name, let namespace): (name, namespace ?? settings.namespace)
            case .fixed: nil
            }
        }
        var secret: String?
        if case .token(let text) = reading { secret = text }
        findings += NomadQuery.ask(subjects, settings, address, token: secret).map(ServiceCheck.finding)
        return findings
    }

    private static func way(to address: NomadAddress) -> NomadFacts {
        switch address.transport {
        case .plain, .secure: return .network("\(address)")
        case .unix(let path):
            var failure: SystemError?
            do throws(SystemError) {
                Socket.closeGracefully(try UnixSocket.connect(path))
            } catch {
                failure = error
            }
            return .socket(path: path, error: failure, owner: FileStatus.of(path)?.owner, user: geteuid())
        }
    }
}

extension ListenAddress {
    /// 0 for a unix socket.
    fileprivate var port: UInt16 {
        switch self {
        case .address(let address): address.port
        case .all(let port): port
        case .unix: 0
        }
    }

    /// Whether only this machine, or this network namespace, reaches it.
    fileprivate var isLocal: Bool {
        switch self {
        case .address(let address): address.isLoopback
        case .all: false
        case .unix: true
        }
    }
}

/// Owner and permissions of a file (stat(2)).
struct FileStatus {
    let owner: UInt32
    let mode: UInt32
    let isSocket: Bool

    /// Nil if it cannot be told.
    static func of(_ path: String) -> FileStatus? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return FileStatus(
            owner: status.st_uid,
            mode: status.st_mode & 0o7777,
            isSocket: status.st_mode & S_IFMT == S_IFSOCK
        )
    }
}
