import Testing

extension FanoutProcess {
    /// Waits until every connection has its line in the access log, and returns how they ended.
    func endings() throws -> [String] {
        let accepted = try quietState().total("accepted")
        try wait("a line for each connection") { access.count >= accepted }
        #expect(access.count == accepted)
        return access.map { $0["close"] as? String ?? "?" }
    }

    /// Every connection ended with an end of stream, and the process ends with 0.
    func expectCleanEnds() throws {
        let unclean = try endings().filter { $0 != "client_fin" && $0 != "upstream_fin" }
        #expect(unclean.isEmpty, "\(output)")
        #expect(try quit() == 0)
    }
}
