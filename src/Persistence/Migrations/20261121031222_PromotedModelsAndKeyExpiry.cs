using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace SparseService.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class PromotedModelsAndKeyExpiry : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_models_run_id",
                table: "models");

            migrationBuilder.AddColumn<Guid>(
                name: "checkpoint_id",
                table: "models",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "epoch",
                table: "models",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "expires_at",
                table: "api_keys",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_models_checkpoint_id",
                table: "models",
                column: "checkpoint_id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_models_result",
                table: "models",
                column: "run_id",
                unique: true,
                filter: "checkpoint_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_models_run_id",
                table: "models",
                column: "run_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_models_checkpoint_id",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_result",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_run_id",
                table: "models");

            migrationBuilder.DropColumn(
                name: "checkpoint_id",
                table: "models");

            migrationBuilder.DropColumn(
                name: "epoch",
                table: "models");

            migrationBuilder.DropColumn(
                name: "expires_at",
                table: "api_keys");

            migrationBuilder.CreateIndex(
                name: "ix_models_run_id",
                table: "models",
                column: "run_id",
                unique: true);
        }
    }
}
