using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace SparseService.Persistence.Mapping;

/// <summary>Enums stand in the database as the same camelCase words as in JSON, so that SQL by hand stays readable and members may be reordered.</summary>
internal sealed class CamelCaseEnumConverter<TEnum>() : ValueConverter<TEnum, string>(
    value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()),
    text => Enum.Parse<TEnum>(text, true))
    where TEnum : struct, Enum;
