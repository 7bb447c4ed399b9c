// Command commongen writes common.txt of package identity: the characters of the Table of
// General Standard Chinese Characters (通用规范汉字表, 2013), one line for each of its three
// levels, in the table's order. It reads Unihan_OtherMappings.txt of the Unicode Character
// Database from the standard input. The committed file was generated from version 15.0.0, as
// in Debian's package unicode-data 15.0.0-1:
//
//	bzcat /usr/share/unicode/Unihan_OtherMappings.txt.bz2 | go run ./test/gen/commongen > issuance/identity/common.txt
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ends are the last character numbers of the table's three levels.
var ends = [...]int{3500, 6500, 8105}

func main() {
	if err := write(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "commongen:", err)
		os.Exit(1)
	}
}

func write(from io.Reader, to io.Writer) error {
	table := make([]rune, ends[len(ends)-1])
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || fields[1] != "kTGH" {
			continue
		}
		code, err := strconv.ParseUint(strings.TrimPrefix(fields[0], "U+"), 16, 21)
		if err != nil {
			return err
		}
		// The value is the year of the table and the character's number in it.
		number, err := strconv.Atoi(strings.TrimPrefix(fields[2], "2013:"))
		if err != nil || number < 1 || number > len(table) || table[number-1] != 0 {
			return fmt.Errorf("not a unique number of the table: %q", lines.Text())
		}
		table[number-1] = rune(code)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	level := 0
	for i, r := range table {
		if r == 0 {
			return fmt.Errorf("character %d of the table is missing", i+1)
		}
		out.WriteRune(r)
		if i+1 == ends[level] {
			out.WriteByte('\n')
			level++
		}
	}
	return out.Flush()
}
