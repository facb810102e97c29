"""actions.toml: connections and workflows, checked."""
