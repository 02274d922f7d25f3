package sqlite

import (
	"context"
	"embed"
	"fmt"

	"recoup/internal/store"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// texts are the statements by name.
var texts = store.Statements(sqlFiles, "sql")

// statement is the prepared statement of a name. A connection prepares what it runs, once.
func (c *conn) statement(name string) (*stmt, error) {
	if s := c.stmts[name]; s != nil {
		return s, nil
	}
	text := texts[name]
	if text == "" {
		return nil, fmt.Errorf("sqlite: no statement is named %s", name)
	}
	s, err := c.prepare(name, text)
	if err == nil {
		c.stmts[name] = s
	}
	return s, err
}

// query runs a query and reads its rows. Slices among the parameters are sets of keys: it runs once for each element.
func (c *conn) query(ctx context.Context, name string, read func(store.Row) error, args ...any) error {
	s, err := c.statement(name)
	for i := 0; i < length(args) && err == nil; i++ {
		if err = s.bind(args, i); err == nil {
			err = s.each(ctx, read)
		}
	}
	return err
}

// exec runs a statement without rows, once for each element of the slices among its parameters. rows is how many rows it wrote.
func (c *conn) exec(name string, args ...any) (rows int64, err error) {
	s, err := c.statement(name)
	for i := 0; i < length(args) && err == nil; i++ {
		if err = s.bind(args, i); err == nil {
			if err = s.run(); err == nil {
				rows += int64(c.Changes())
			}
		}
	}
	return rows, err
}

// length is how many rows the parameters make: 1 when none is a slice.
func length(args []any) int {
	for _, arg := range args {
		switch v := arg.(type) {
		case []string:
			return len(v)
		case []int64:
			return len(v)
		case []int32:
			return len(v)
		case []int16:
			return len(v)
		case []bool:
			return len(v)
		case [][]byte:
			return len(v)
		}
	}
	return 1
}

// bind sets every parameter, of slices the element at i. A statement need not use the last ones: tables without row ids have no place
// to name a row by.
func (s *stmt) bind(args []any, i int) error {
	for at, arg := range args[:min(len(args), s.BindParamCount())] {
		at++
		switch v := arg.(type) {
		case []string:
			s.BindText(at, v[i])
		case []int64:
			s.BindInt64(at, v[i])
		case []int32:
			s.BindInt64(at, int64(v[i]))
		case []int16:
			s.BindInt64(at, int64(v[i]))
		case []bool:
			s.BindBool(at, v[i])
		case [][]byte:
			s.blob(at, v[i])
		case string:
			s.BindText(at, v)
		case []byte:
			s.blob(at, v)
		case int64:
			s.BindInt64(at, v)
		case *int64:
			s.BindInt64(at, *v)
		default:
			return fmt.Errorf("sqlite: %s: parameter %d is a %T", s.name, at, arg)
		}
	}
	return nil
}
