package wording

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/evidence"
)

// How much of a value is shown.
const (
	maxText  = 120
	maxValue = 400
	maxDepth = 6
)

// Value writes a value as an author would: texts in quotes, what is within lists and
// structs, and never the address of anything. What is long is cut, and a checksum of
// the whole keeps it apart from others that begin alike. Secrets are masked.
func Value(v any) string {
	s := value(reflect.ValueOf(v), 0)
	if len(s) <= maxValue {
		return s
	}
	return evidence.Excerpt(s, maxValue) + " " + checksum(s)
}

// quoted is a text in quotes.
func quoted(s string) string {
	masked := evidence.Mask(s)
	out := evidence.Quote(masked, maxText)
	if len([]rune(masked)) > maxText {
		out += " " + checksum(masked)
	}
	return out
}

// checksum tells texts apart. They are masked already: nothing of a secret is in it.
func checksum(masked string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(masked)) // never fails
	return fmt.Sprintf("(%d bytes, #%08x)", len(masked), h.Sum32())
}

func value(v reflect.Value, depth int) string {
	if !v.IsValid() {
		return "nil"
	}
	if depth > maxDepth {
		return "..."
	}
	if v.CanInterface() {
		if s, ok := byItself(v.Interface()); ok {
			return s
		}
	}
	switch v.Kind() {
	case reflect.String:
		return typed(v, quoted(v.String()))
	case reflect.Pointer, reflect.Interface:
		return value(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, value(v.Index(i), depth+1))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		var parts []string
		for _, key := range v.MapKeys() {
			parts = append(parts, value(key, depth+1)+": "+value(v.MapIndex(key), depth+1))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Struct:
		var parts []string
		for _, f := range fieldsIn(v, depth+1, func(f reflect.StructField, inside reflect.Value) bool {
			return f.IsExported() || !inside.IsZero()
		}) {
			parts = append(parts, f.name+": "+f.value)
		}
		return v.Type().String() + "{" + strings.Join(parts, ", ") + "}"
	case reflect.Func:
		return functionOf(v)
	case reflect.Chan, reflect.UnsafePointer:
		return v.Type().String()
	}
	return typed(v, fmt.Sprint(v))
}

// byItself is a value that knows best how it is written.
func byItself(v any) (string, bool) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return "nil", true
	}
	switch v := v.(type) {
	case types.GomegaMatcher:
		return "what should " + Should(v), true
	case []byte:
		return quoted(string(v)), true
	case time.Time:
		return v.Format(time.RFC3339Nano), true
	case error:
		return quoted(v.Error()), true
	case fmt.Stringer:
		return evidence.Excerpt(v.String(), maxText), true
	}
	return "", false
}

// typed adds the type where Go would not take it for granted.
func typed(v reflect.Value, s string) string {
	switch v.Type() {
	case reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[float64]():
		return s
	}
	return v.Type().String() + "(" + s + ")"
}

// A field is one of a struct.
type field struct{ name, value string }

// fieldsOf are the exported fields of a matcher that its author has set, and of the
// others those that hold texts, numbers, truths or functions: they tell apart the matchers of
// those who export nothing.
func fieldsOf(v reflect.Value) []field {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return []field{{"value", value(v, 1)}}
	}
	return fieldsIn(v, 1, func(f reflect.StructField, inside reflect.Value) bool {
		switch inside.Kind() {
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint16, reflect.Float64, reflect.Func:
			return f.IsExported() || !inside.IsZero()
		}
		return f.IsExported() && !inside.IsZero()
	})
}

func fieldsIn(v reflect.Value, depth int, wanted func(reflect.StructField, reflect.Value) bool) []field {
	var out []field
	for i := range v.NumField() {
		if f, inside := v.Type().Field(i), v.Field(i); wanted(f, inside) {
			out = append(out, field{f.Name, value(inside, depth+1)})
		}
	}
	return out
}

// function names a function by the line it was written in.
func function(f any) string {
	if v := reflect.ValueOf(f); v.IsValid() && v.Kind() == reflect.Func {
		return functionOf(v)
	}
	return Value(f)
}

func functionOf(v reflect.Value) string {
	if v.IsNil() {
		return "nil"
	}
	f := runtime.FuncForPC(v.Pointer())
	if f == nil {
		return v.Type().String()
	}
	name := f.Name()[strings.LastIndexByte(f.Name(), '/')+1:]
	if file, line := f.FileLine(v.Pointer()); strings.Contains(name, ".func") {
		return fmt.Sprintf("the function in %s:%d", filepath.Base(file), line)
	}
	return name
}
