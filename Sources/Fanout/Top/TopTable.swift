/// One column of a table: what it shows of a row, and by what it orders.
struct TopColumn<Row> {
    let title: String
    /// The least room.
    let width: Int
    /// 0 is always there; where there is no room for all, the highest go first.
    let rank: Int
    let isNumber: Bool
    let text: (Row) -> String
    var style: (Row) -> Style = { _ in .plain }
    /// Whether the first row comes before the second one; nil for columns that do not order.
    var isBefore: ((Row, Row) -> Bool)?

    /// Names, in the order of the alphabet; gets what room is left.
    static func name(_ title: String, _ width: Int, rank: Int = 0, _ text: @escaping (Row) -> String) -> Self {
        TopColumn(
            title: title,
            width: width,
            rank: rank,
            isNumber: false,
            text: text,
            isBefore: { text($0) < text($1) }
        )
    }

    /// A figure, the greatest first, what is not known last.
    static func figure<Value: Comparable>(
        _ title: String,
        _ width: Int,
        rank: Int = 0,
        _ value: @escaping (Row) -> Value?,
        _ text: @escaping (Value) -> String
    ) -> Self {
        TopColumn(
            title: title,
            width: width,
            rank: rank,
            isNumber: true,
            text: { value($0).map(text) ?? Figures.unknown },
            isBefore: { first, second in
                guard let left = value(first) else { return false }
                return value(second).map { left > $0 } ?? true
            }
        )
    }
}

/// A table with its rows in order, laid out for any width.
struct TopTable {
    struct Placed {
        let title: String
        let column: Int
        let width: Int
        let isNumber: Bool
        let isOrder: Bool
        let texts: [(String, Style)]
    }

    /// What tells the rows apart, in their order.
    let ids: [String]
    /// How many orders there are to choose from.
    let orders: Int
    /// Said in place of rows.
    let nothing: String
    /// The columns for a width, with the cells of these rows.
    let layout: (_ width: Int, _ rows: Range<Int>) -> [Placed]
    /// What is said of one row below the table.
    let detail: (_ row: Int) -> [String]

    init<Row>(
        _ rows: [(id: String, row: Row)],
        _ columns: [TopColumn<Row>],
        order: Int?,
        nothing: String,
        detail: @escaping (Row) -> [String]
    ) {
        let sortable = columns.indices.filter { columns[$0].isBefore != nil }
        let orderColumn = order.flatMap { sortable.indices.contains($0) ? sortable[$0] : nil }
        var sorted = rows
        if let orderColumn, let isBefore = columns[orderColumn].isBefore {
            // Rows that are equal keep their order: sort is stable, but does not promise it.
            sorted = rows.enumerated().sorted { left, right in
                if isBefore(left.element.row, right.element.row) { return true }
                return !isBefore(right.element.row, left.element.row) && left.offset < right.offset
            }.map(\.element)
        }
        let ordered = sorted
        ids = ordered.map(\.id)
        orders = sortable.count
        self.nothing = nothing
        self.detail = { detail(ordered[$0].row) }
        layout = { width, range in
            Self.place(columns, in: width, ordered[range].map(\.row), isOrder: { $0 == orderColumn })
        }
    }

    /// Chooses columns by rank, shares out what room is left, and puts one blank between two.
    private static func place<Row>(
        _ columns: [TopColumn<Row>],
        in width: Int,
        _ rows: [Row],
        isOrder: (Int) -> Bool
    ) -> [Placed] {
        var chosen = Array(columns.indices)
        func room() -> Int { chosen.reduce(chosen.count - 1) { $0 + columns[$1].width } }
        while room() > width, let last = chosen.max(by: { (columns[$0].rank, $0) < (columns[$1].rank, $1) }),
            columns[last].rank > 0
        {
            chosen.removeAll { $0 == last }
        }
        var left = max(0, width - room())
        var start = 0
        return chosen.map { index in
            let column = columns[index]
            let texts = rows.map { (column.text($0), column.style($0)) }
            let wanted = column.isNumber ? 0 : (texts.map(\.0.count).max() ?? 0) - column.width
            let extra = max(0, min(left, wanted))
            left -= extra
            defer { start += column.width + extra + 1 }
            return Placed(
                title: column.title,
                column: start,
                width: column.width + extra,
                isNumber: column.isNumber,
                isOrder: isOrder(index),
                texts: texts
            )
        }
    }
}
