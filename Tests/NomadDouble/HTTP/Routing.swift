/// Where a request goes in the agent's ServeMux.
enum Route {
    case service(String)
    case services
    case refused(Answer)

    init(_ request: Request) {
        let clean = Self.clean(request.rawPath)
        if clean != request.rawPath || request.rawPath == "/v1/service" {
            let path = request.rawPath == "/v1/service" ? "/v1/service/" : clean
            self = .refused(.moved(to: path + (request.rawQuery.map { "?\($0)" } ?? "")))
        } else if request.path == "/v1/services" {
            self = request.method == "GET" ? .services : .refused(.invalidMethod)
        } else if let rest = request.service {
            self = Self.serviceRoute(rest, method: request.method)
        } else {
            self = .refused(.notFound)
        }
    }

    /// `ServiceRegistrationRequest`: one part is a read, two are a removal, which the double does not offer.
    private static func serviceRoute(_ rest: String, method: String) -> Route {
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1 where method != "GET", 2: return .refused(.invalidMethod)
        case 1: return rest.isEmpty ? .refused(.missingServiceName) : .service(rest)
        default: return .refused(.invalidURI)
        }
    }

    /// ServeMux's `cleanPath`: no empty, `.` or `..` elements; a slash at the end stays.
    private static func clean(_ path: String) -> String {
        var elements: [Substring] = []
        for element in path.split(separator: "/") where element != "." {
            if element == ".." {
                elements = elements.dropLast()
            } else {
                elements.append(element)
            }
        }
        let isDirectory = path.hasSuffix("/") && !elements.isEmpty
        return "/" + elements.joined(separator: "/") + (isDirectory ? "/" : "")
    }
}
