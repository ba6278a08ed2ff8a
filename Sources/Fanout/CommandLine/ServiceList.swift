/// Collects the services from `--service`, `--endpoint`, `--listen-address` and `--forward`.
struct ServiceList {
    let values: SettingValues

    /// The label of services whose endpoints are fixed.
    static let staticLabel = "static"

    func build() throws(UsageError) -> [ServiceConfiguration] {
        var services: [ServiceConfiguration] = []
        var origins: [String] = []
        if let primary = try primary() {
            services.append(primary)
            origins.append(values[.listenAddress].origin)
        }
        for forward in try values[.forward].parseAll(Forward.init(parsing:)) {
            services.append(
                ServiceConfiguration(
                    label: Self.label(of: forward.source),
                    listen: forward.listen,
                    source: forward.source,
                    isForwarded: true
                )
            )
            origins.append(values[.forward].origin)
        }
        guard !services.isEmpty else {
            throw UsageError(
                "nothing to forward; give --service NAME, --endpoint HOST:PORT or --forward LISTEN=SERVICE"
            )
        }
        try refuseCollisions(services, origins)
        return services
    }

    /// The service behind `--listen-address`, if there is one.
    private func primary() throws(UsageError) -> ServiceConfiguration? {
        let name = try values[.service].parse(Name.service(parsing:))
        let endpoints = try values[.endpoint].parseAll(HostPort.init(parsing:))
        let listen = try values[.listenAddress].parse(ListenAddress.init(parsing:))
        guard name != nil || !endpoints.isEmpty else {
            guard !values.isGiven(.listenAddress) else {
                throw UsageError(
                    "\(values[.listenAddress].origin) must come with --service NAME or --endpoint HOST:PORT; "
                        + "--forward has its own address"
                )
            }
            return nil
        }
        guard let listen else { preconditionFailure("--listen-address has a default") }
        let source: ServiceSource =
            if endpoints.isEmpty, let name { .nomad(service: name, namespace: nil) } else { .fixed(endpoints) }
        return ServiceConfiguration(
            label: name ?? Self.staticLabel,
            listen: listen,
            source: source,
            isForwarded: false
        )
    }

    private static func label(of source: ServiceSource) -> String {
        switch source {
        case .nomad: source.description
        case .fixed: staticLabel
        }
    }

    private func refuseCollisions(_ services: [ServiceConfiguration], _ origins: [String]) throws(UsageError) {
        for (later, service) in services.enumerated() {
            for earlier in 0..<later where services[earlier].listen.collides(with: service.listen) {
                throw UsageError(
                    "\(origins[later]) must listen on an address of its own; "
                        + "got \(service.listen), taken by \(origins[earlier]) \(services[earlier].listen)"
                )
            }
        }
    }
}
