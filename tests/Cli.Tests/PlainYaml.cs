namespace SparseService.Cli.Tests;

/// <summary>
/// Reads the YAML that this project's own manifests are written in: maps and lists by indentation, plain and quoted scalars, one-line
/// lists. Anything else is a fault, as is a key that comes twice.
/// </summary>
internal sealed class PlainYaml
{
    private readonly List<(int Indent, string Text, int Number)> lines = [];
    private int at;

    private PlainYaml(string document)
    {
        var number = 0;
        foreach (var line in document.Split('\n'))
        {
            number++;
            var text = line.TrimEnd();
            if (text.TrimStart() is { Length: > 0 } content && content[0] != '#')
            {
                Assert.DoesNotContain('\t', text);
                lines.Add((text.Length - content.Length, content, number));
            }
        }
    }

    /// <returns>The documents: dictionaries, lists and strings.</returns>
    public static IReadOnlyList<object> Read(string text) =>
        text.Split("\n---\n").Select(document => new PlainYaml(document).Block(0)).ToArray();

    public static object At(object node, params object[] path)
    {
        foreach (var step in path)
        {
            node = step is int index ? ((List<object>)node)[index] : ((Dictionary<string, object>)node)[(string)step];
        }

        return node;
    }

    private object Block(int indent) => lines[at].Text.StartsWith("- ", StringComparison.Ordinal) ? Items(indent) : Map(indent);

    private List<object> Items(int indent)
    {
        var items = new List<object>();
        while (at < lines.Count && lines[at].Indent == indent && lines[at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            // What stands behind the dash is the first line of a block two further in.
            lines[at] = (indent + 2, lines[at].Text[2..], lines[at].Number);
            var isMap = lines[at].Text.Contains(": ", StringComparison.Ordinal) || lines[at].Text.EndsWith(':');
            items.Add(isMap ? Map(indent + 2) : Scalar(lines[at++].Text));
        }

        return items;
    }

    private Dictionary<string, object> Map(int indent)
    {
        var map = new Dictionary<string, object>();
        while (at < lines.Count && lines[at].Indent == indent && !lines[at].Text.StartsWith("- ", StringComparison.Ordinal))
        {
            var (_, text, number) = lines[at++];
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            Assert.True(colon > 0, $"Line {number}: {text}");
            var value = text[(colon + 1)..].Trim();
            var isNew = map.TryAdd(text[..colon], value.Length > 0 ? Scalar(value) : Nested(indent, number));
            Assert.True(isNew, $"Line {number} repeats {text[..colon]}");
        }

        var ends = at == lines.Count || lines[at].Indent < indent || lines[at].Text.StartsWith("- ", StringComparison.Ordinal);
        Assert.True(ends, "A line is indented otherwise than its neighbours");
        return map;
    }

    private object Nested(int indent, int number)
    {
        Assert.True(at < lines.Count && lines[at].Indent > indent, $"Line {number} has no value");
        return Block(lines[at].Indent);
    }

    private static object Scalar(string text) => text switch
    {
        ['[', .. var items, ']'] => items.Split(',').Select(item => Scalar(item.Trim())).ToList(),
        ['"', .. var quoted, '"'] => quoted,
        _ => text,
    };
}
