package postgres

import (
	"embed"

	"recoup/internal/store"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// texts are the statements by name.
var texts = store.Statements(sqlFiles, "sql")

// sql is the statement of a name.
func sql(name string) string {
	text := texts[name]
	if text == "" {
		panic("postgres: no statement is named " + name)
	}
	return text
}
