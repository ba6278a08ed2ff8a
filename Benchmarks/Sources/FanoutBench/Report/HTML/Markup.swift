/// Text that HTML may hold.
func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        default: result.append(character)
        }
    }
}

/// An element with its contents, which are HTML already.
func element(_ name: String, _ attributes: String, _ contents: String) -> String {
    "<\(name) \(attributes)>\(contents)</\(name)>"
}

func element(_ name: String, _ contents: String) -> String {
    "<\(name)>\(contents)</\(name)>"
}

/// Rows of text as a table, the first one as its head. The first column names a peer where it has that peer's colour.
func htmlTable(_ rows: [[String]], colouring peers: [String] = []) -> String {
    guard let head = rows.first else { return "" }
    let body = rows.dropFirst().map { row in
        let cells = row.enumerated().map { index, text in
            element("td", (index == 0 && peers.contains(text) ? Palette.swatch(text) : "") + escaped(text))
        }
        let contents = cells.joined()
        return row.first == "fanout" ? element("tr", "class=\"own\"", contents) : element("tr", contents)
    }
    return element(
        "div",
        "class=\"scroll\"",
        element(
            "table",
            element("thead", element("tr", head.map { element("th", escaped($0)) }.joined()))
                + element("tbody", body.joined())
        )
    )
}

/// A peer has the same colour everywhere; a variant is a lighter shade of its family's.
enum Palette {
    private static let colours = [
        "fanout": "#e8552d", "haproxy": "#2573b8", "haproxy-64k": "#74aee0", "nginx": "#23913f", "nginx-64k": "#7cc98b",
        "envoy": "#9457c2", "go": "#c99a06", "direct": "#8a8a8a", "echo": "#55606e",
    ]

    static func colour(_ peer: String) -> String { colours[peer] ?? "#8a8a8a" }

    /// A small square of a peer's colour.
    static func swatch(_ peer: String) -> String {
        "<i class=\"swatch\" style=\"background:\(colour(peer))\"></i>"
    }

    /// The colours of these peers and what they stand for.
    static func legend(_ peers: [String]) -> String {
        element(
            "p",
            "class=\"legend\"",
            peers.map { element("span", swatch($0) + escaped($0)) }.joined(separator: " ")
        )
    }
}
