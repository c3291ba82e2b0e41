package nobuild

var broken int = "text"
