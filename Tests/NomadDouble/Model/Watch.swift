/// Which changes wake a parked query although its own service did not change.
public enum SpuriousWakes: Sendable {
    /// Only a change of the watched service itself.
    case none
    /// As measured on go-memdb: a new row whose service name is a prefix of the watched name or the reverse; and for a
    /// service that does not exist and has no sibling (same namespace, same first letter), any new row at all.
    case siblingPrefix
    /// Any change of any registration.
    case any
}

/// What a query reads, and therefore waits for.
enum Watch: Hashable, Sendable {
    case service(ServiceKey)
    case namespace(String)
    case everyNamespace

    /// Whether `change` closes this watch's channel; `table` is the state after the change.
    func isWoken(by change: RegistrationTable.Change, in table: RegistrationTable, rule: SpuriousWakes) -> Bool {
        switch self {
        case .everyNamespace:
            return true
        case .namespace(let namespace):
            return change.key.namespace == namespace || rule == .any
        case .service(let key):
            if change.key == key { return true }
            switch rule {
            case .none: return false
            case .any: return true
            case .siblingPrefix: return change.isInsertion && key.sharesRadixNode(with: change.key, in: table)
            }
        }
    }
}

extension ServiceKey {
    fileprivate func sharesRadixNode(with inserted: ServiceKey, in table: RegistrationTable) -> Bool {
        let isAlone =
            table.services[self] == nil
            && !table.services.keys.contains {
                $0 != inserted && $0.namespace == namespace && $0.name.utf8.first == name.utf8.first
            }
        if isAlone { return true }
        return inserted.namespace == namespace
            && (inserted.name.hasPrefix(name) || name.hasPrefix(inserted.name))
    }
}
