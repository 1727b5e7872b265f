using System.CommandLine;

namespace SparseService.Client.Verbs;

/// <summary><c>sparse completion SHELL</c>: a script that lets the shell complete verbs and options by asking this program.</summary>
internal sealed class CompletionVerb : Verb
{
    // Options are offered to those who have typed a dash; whoever has not may want a file.
    private const string Bash = """
        # sparse, for bash: eval "$(sparse completion bash)"
        _sparse() {
            local line=${COMP_LINE#*[[:space:]]} word=${COMP_WORDS[COMP_CWORD]} found
            found=$(sparse "[suggest:$(( COMP_POINT - ${#COMP_LINE} + ${#line} ))]" "$line" 2>/dev/null)
            [[ $word == -* ]] || found=$(grep -v '^[-/]' <<<"$found")
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$found" -- "$word"))
        }
        complete -o default -F _sparse sparse
        """;

    private const string Zsh = """
        #compdef sparse
        # sparse, for zsh: eval "$(sparse completion zsh)"
        _sparse() {
            local line="${(j: :)words[2,CURRENT]}"
            local -a found
            found=("${(@f)$(sparse "[suggest:${#line}]" "$line" 2>/dev/null)}")
            [[ ${words[CURRENT]} == -* ]] || found=("${(@)found:#[-\/]*}")
            if [[ -n ${found[1]} ]]; then compadd -- "${found[@]}"; else _files; fi
        }
        compdef _sparse sparse
        """;

    private const string Fish = """
        # sparse, for fish: sparse completion fish | source
        function __sparse_complete
            set -l line (commandline -cp | string replace -r '^\S+\s' '')
            set -l found (sparse "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
            if not string match -q -- '-*' (commandline -ct)
                set found (string match -rv '^[-/]' -- $found)
            end
            printf '%s\n' $found
        end
        complete -c sparse -a '(__sparse_complete)'
        """;

    private readonly Argument<string> shell = new("SHELL") { Description = "bash, zsh or fish." };

    public CompletionVerb()
        : base(
            "completion", "Prints a script that lets the shell complete verbs and options.",
            "eval \"$(./sparse completion bash)\"",
            "./sparse completion zsh > ~/.zfunc/_sparse",
            "./sparse completion fish > ~/.config/fish/completions/sparse.fish")
    {
        AllowOnly(shell, "bash", "zsh", "fish");
        Arguments.Add(shell);
        SetAction(arguments =>
        {
            Console.WriteLine(arguments.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Done;
        });
    }
}
