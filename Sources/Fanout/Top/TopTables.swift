/// The tables of the screens: which columns there are, and what is said of a selected row.
struct TopTables {
    let state: TopState

    init(_ state: TopState) { self.state = state }

    /// The table of the screen that is shown.
    var table: TopTable { table(of: state.screen) }

    func table(of screen: TopScreen) -> TopTable {
        switch screen {
        case .services: services
        case .endpoints: endpoints
        case .connections: connections
        case .events: events
        }
    }
}
