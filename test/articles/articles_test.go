// Package articles_test has a story for each sentence of the source articles
// (docs/rules.md), told over HTTP on every database. A test's name begins with the id
// of its sentence.
package articles_test

import (
	"testing"

	"github.com/railgate/railgate/test/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "articles") }
