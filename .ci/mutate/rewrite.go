package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A mutant is one small change of the code.
type mutant struct {
	id, mutator, status string
	at                  token.Position
}

// negations and boundaries are what a comparison becomes, arithmetic what an operation does.
var (
	negations  = map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ, token.LEQ: token.GTR, token.GTR: token.LEQ, token.GEQ: token.LSS}
	boundaries = map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}
	arithmetic = map[token.Token]token.Token{token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL}
)

// chooser is added to the package. A test that is being recorded leaves the mutants that
// it has reached in a file.
const chooser = `package %s

import (
	mutantOS "os"
	mutantStrings "strings"
	mutantSync "sync"
)

var mutantChosen, mutantRecord = func() (string, string) {
	chosen := mutantOS.Getenv("MUTANT")
	if name, ok := mutantStrings.CutPrefix(chosen, "record:"); ok {
		return "", name
	}
	return chosen, ""
}()

var mutantsSeen mutantSync.Map

func mutantIs(id string) bool {
	if mutantRecord != "" {
		if _, seen := mutantsSeen.LoadOrStore(id, true); !seen {
			if f, err := mutantOS.OpenFile(mutantRecord, mutantOS.O_APPEND|mutantOS.O_CREATE|mutantOS.O_WRONLY, 0o666); err == nil {
				f.WriteString(id + "\n")
				f.Close()
			}
		}
	}
	return id == mutantChosen
}
`

// A source is a type-checked package.
type source struct {
	dir, name string
	fset      *token.FileSet
	files     []*ast.File
	texts     map[*ast.File][]byte
	pkg       *types.Package
	info      *types.Info
	mutants   []*mutant
}

func load(dir string) (*source, error) {
	out, err := exec.Command("go", "list", "-trimpath", "-export", "-deps", "-f",
		`{{if .DepOnly}}{{.ImportPath}}={{.Export}}{{else}}{{range .GoFiles}}file:{{.}}{{"\n"}}{{end}}{{end}}`, "./"+dir).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	s := &source{dir: dir, fset: token.NewFileSet(), texts: map[*ast.File][]byte{}}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "file:"); ok {
			if err := s.parse(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		} else if path, export, ok := strings.Cut(line, "="); ok {
			exports[path] = export
		}
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	s.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", lookup)}
	s.pkg, err = conf.Check(dir, s.fset, s.files, s.info)
	return s, err
}

func (s *source) parse(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(s.fset, name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	s.name = f.Name.Name
	s.files = append(s.files, f)
	s.texts[f] = text
	return nil
}

// build compiles the tests of a package, with all mutants, into work/package.test.
func (s *source) build(work, tests string) ([]*mutant, error) {
	root, err := filepath.Abs(s.dir)
	if err != nil {
		return nil, err
	}
	replace := map[string]string{filepath.Join(root, "mutants_chooser.go"): filepath.Join(work, "chooser.go")}
	texts := map[string]string{"chooser.go": fmt.Sprintf(chooser, s.name)}
	for _, f := range s.files {
		name := filepath.Base(s.fset.Position(f.Package).Filename)
		if *only != "" {
			if ok, err := filepath.Match(*only, name); !ok || err != nil {
				continue
			}
		}
		w := &rewriter{source: s, file: f}
		replace[filepath.Join(root, name)] = filepath.Join(work, name)
		texts[name] = w.rewrite(f, 0, token.Pos(s.fset.File(f.Package).Base()), token.Pos(s.fset.File(f.Package).Base()+len(s.texts[f])))
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o666); err != nil {
			return nil, err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(work, "overlay.json"), overlay, 0o666); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "test", "-trimpath", "-vet=off", "-c", "-overlay", filepath.Join(work, "overlay.json"), "-o", filepath.Join(work, "package.test"), "./"+tests)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go test -c: %w\n%s", err, stderr.String())
	}
	return s.mutants, nil
}

// A rewriter puts the mutants into one file.
type rewriter struct {
	*source
	file *ast.File
}

// text is the code between two places.
func (w *rewriter) text(from, to token.Pos) string {
	f := w.fset.File(w.file.Package)
	return string(w.texts[w.file][f.Offset(from):f.Offset(to)])
}

// rewrite is the text between two places, with mutants in place of the node's changeable
// parts, or of those below it where depth is not 0.
func (w *rewriter) rewrite(n ast.Node, depth int, from, to token.Pos) string {
	var b strings.Builder
	at := from
	ast.Inspect(n, func(child ast.Node) bool {
		if child == nil {
			return false
		}
		if child == n && depth > 0 {
			return true
		}
		if d, ok := child.(*ast.GenDecl); ok && d.Tok == token.CONST {
			return false
		}
		if a, ok := child.(*ast.ArrayType); ok && a.Len != nil {
			return false
		}
		if text := w.mutated(child); text != "" {
			b.WriteString(w.text(at, child.Pos()))
			b.WriteString(text)
			at = child.End()
			return false
		}
		return true
	})
	b.WriteString(w.text(at, to))
	return b.String()
}

// mutated is the node with its mutants, or "" where it has none.
func (w *rewriter) mutated(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IncDecStmt:
		x := w.text(n.X.Pos(), n.X.End())
		other := map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok]
		id := w.add("INCREMENT_DECREMENT", n.TokPos)
		return fmt.Sprintf("func() { if mutantIs(%q) { %s%s } else { %s%s } }()", id, x, other, x, n.Tok)
	case *ast.UnaryExpr:
		if n.Op == token.SUB {
			return w.choice(n, n.OpPos, map[string]string{"INVERT_NEGATIVES": "+" + w.text(n.X.Pos(), n.X.End())})
		}
	case *ast.BinaryExpr:
		x, y := w.text(n.X.Pos(), n.X.End()), w.text(n.Y.Pos(), n.Y.End())
		others := map[string]string{}
		for name, table := range map[string]map[token.Token]token.Token{"CONDITIONALS_NEGATION": negations, "CONDITIONALS_BOUNDARY": boundaries, "ARITHMETIC_BASE": arithmetic} {
			if op, ok := table[n.Op]; ok {
				others[name] = x + " " + op.String() + " " + y
			}
		}
		return w.choice(n, n.OpPos, others)
	}
	return ""
}

// choice is an expression that is one of the others when that mutant is chosen.
func (w *rewriter) choice(n ast.Expr, at token.Pos, others map[string]string) string {
	typ, ok := w.typeOf(n)
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, mutator := range []string{"CONDITIONALS_NEGATION", "CONDITIONALS_BOUNDARY", "ARITHMETIC_BASE", "INVERT_NEGATIVES"} {
		if text, ok := others[mutator]; ok && w.compiles(n, text) {
			fmt.Fprintf(&b, "if mutantIs(%q) { return %s }; ", w.add(mutator, at), text)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("func() %s { %sreturn %s }()", typ, b.String(), w.rewrite(n, 1, n.Pos(), n.End()))
}

func (w *rewriter) add(mutator string, at token.Pos) string {
	m := &mutant{id: strconv.Itoa(len(w.mutants) + 1), mutator: mutator, at: w.fset.Position(at)}
	w.mutants = append(w.mutants, m)
	return m.id
}

// typeOf is the type of an expression as the file can write it.
func (w *rewriter) typeOf(n ast.Expr) (string, bool) {
	t := w.info.Types[n].Type
	if t == nil {
		return "", false
	}
	ok := true
	text := types.TypeString(types.Default(t), func(p *types.Package) string {
		if p == w.pkg {
			return ""
		}
		for _, imported := range w.file.Imports {
			if path, _ := strconv.Unquote(imported.Path.Value); path == p.Path() {
				if imported.Name != nil {
					return imported.Name.Name
				}
				return p.Name()
			}
		}
		ok = false
		return ""
	})
	return text, ok
}

// compiles reports whether the text can stand in the place of the expression.
func (w *rewriter) compiles(n ast.Expr, text string) bool {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		return false
	}
	if v := w.info.Types[n].Value; v != nil {
		got, err := types.Eval(w.fset, w.pkg, n.Pos(), text)
		return err == nil && got.Value != nil
	}
	return types.CheckExpr(w.fset, w.pkg, n.Pos(), expr, nil) == nil
}
